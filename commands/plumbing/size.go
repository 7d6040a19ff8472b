package plumbing

import "fmt"

// sizeText is a size as GLib shows it to a person: "190 bytes", "1.2 kB", with
// a space that doesn't break before the unit.
func sizeText(n uint64) string {
	switch {
	case n == 1:
		return "1 byte"
	case n < 1000:
		return fmt.Sprintf("%d bytes", n)
	}
	size := float64(n)
	units := []string{"kB", "MB", "GB", "TB", "PB", "EB"}
	for _, u := range units[:len(units)-1] {
		if size /= 1000; size < 1000 {
			return fmt.Sprintf("%.1f\u00a0%s", size, u)
		}
	}
	return fmt.Sprintf("%.1f\u00a0EB", size/1000)
}
