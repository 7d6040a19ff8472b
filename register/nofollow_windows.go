package register

// noFollow is nothing: the folder of the lock is not one that every user may
// write to.
const noFollow = 0
