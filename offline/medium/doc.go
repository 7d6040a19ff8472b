// Package medium is what a bundle lies on: a folder, on whatever file system,
// as one handle on it.
//
// Files is how a bundle is read, whatever it lies on; Changer how its metadata
// is changed. This room knows nothing of what the files mean. It follows no
// link, opens nothing but plain files, and never leaves the folder that it was
// given; it asks nothing of a file system that FAT cannot do.
package medium
