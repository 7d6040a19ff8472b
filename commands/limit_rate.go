package commands

import (
	"math"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
)

// rateFlags say how much of the line a command may take.
func rateFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "limit-rate", Usage: "move no more than `RATE` bytes a second over all connections: 500K, 2M"},
	}
}

const (
	leastRate = 1 << 10
	// ratePerJob is what each connection should have: with less, handshakes and
	// small answers would queue behind each other until they time out.
	ratePerJob = 8 << 10
)

// limitRate makes all connections that are opened from here on share what
// --limit-rate allows, and says how many of the jobs are worth their
// connection then.
func (rt *runtime) limitRate(c *cli.Context, jobs int) (int, error) {
	text := c.String("limit-rate")
	if text == "" {
		return jobs, nil
	}
	rate, err := parseRate(text)
	if err != nil {
		return 0, err
	}
	rt.limit = httpx.NewLimiter(rate)
	return int(min(int64(jobs), max(1, rate/ratePerJob))), nil
}

// parseRate reads bytes a second: a number, with a fraction if need be, and K,
// M or G, which are powers of 1024.
func parseRate(text string) (int64, error) {
	number, unit := text, 1.0
	if i := strings.IndexAny("KMG", strings.ToUpper(text[len(text)-1:])); i >= 0 {
		number, unit = text[:len(text)-1], float64(int64(1)<<(10*(i+1)))
	}
	n, err := strconv.ParseFloat(number, 64)
	rate := n * unit
	if err != nil || strings.Trim(number, "0123456789.") != "" || rate >= math.MaxInt64 {
		return 0, fail.New(fail.Usage, "give a number and K, M or G, as in 500K", "--limit-rate %.40q: not a number of bytes a second", text)
	}
	if rate < leastRate {
		return 0, fail.New(fail.Usage, "allow at least 1K", "--limit-rate %.40s: too slow for a connection to stay alive", text)
	}
	return int64(rate), nil
}
