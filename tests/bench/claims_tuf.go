package main

import (
	"fmt"
	"time"
)

// trusted is a repository with 100 roots and n targets.
func trusted(n int) fixture {
	return lines(fmt.Sprintf("100 roots and %d targets", n), fmt.Sprintf("{self} trust make {dir}/trust-%d %d", n, n))
}

// trustClaims are those about TUF. The peer reads the same files with
// encoding/json and checks hashes and signatures, and keeps none of the rules.
// What is claimed in seconds grows with the targets and no faster.
func trustClaims() []comparison {
	var all []comparison
	for _, n := range []int{1000, 10000, 20000} {
		dir := fmt.Sprintf("{dir}/trust-%d", n)
		part := time.Second * time.Duration(n) / 20000 // a second for 8 MiB
		all = append(all,
			comparison{name: fmt.Sprintf("tuf, verify 100 roots and %d targets; peer: decoding, hashing and ed25519 alone", n),
				claims: claims{cpu: 1, cpuTime: 50*time.Millisecond + part/4, rss: onDevice},
				ours:   command{line: "{self} trust verify " + dir}, peer: command{line: "{self} trust limit " + dir}, needs: []fixture{trusted(n)}},
			comparison{name: fmt.Sprintf("tuf, add a target to %d and sign; peer: decoding, hashing and ed25519 alone", n),
				claims: claims{cpu: 1, cpuTime: 20*time.Millisecond + part*18/100, rss: anyVerb},
				ours:   command{line: "{self} trust add " + dir}, peer: command{line: "{self} trust limit " + dir}, needs: []fixture{trusted(n)}})
	}
	return all
}
