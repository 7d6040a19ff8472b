package main

// reasons explain mutants that no test can catch, since they make no
// difference.
var reasons = []struct{ key, why string }{}
