package medium

// Volume is a file system as far as it matters to who writes to it.
type Volume struct {
	Free    int64 // bytes that can still be written, -1 when that is not known
	Cluster int64 // bytes that are taken at once; 0 when that is not known
	MaxFile int64 // bytes that a file may have
}

// Takes is how many bytes of the volume a file of n bytes takes.
func (v Volume) Takes(n int64) int64 {
	if v.Cluster <= 0 {
		return n
	}
	return (n + v.Cluster - 1) / v.Cluster * v.Cluster
}
