package variant

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
)

// number serialises a number under the limits of its type.
func (s *scanner) number(t *term, typ *Type) (Value, error) {
	if typ.code == 'd' {
		return s.double(t)
	}
	if isFloat(t.word) || strings.IndexByte("ynqiuxth", typ.code) < 0 {
		return Value{}, s.bad(t.at, "%.40s can not be a value of type %s", t.word, typ)
	}
	bits := typ.fixed * 8
	word, negative := strings.CutPrefix(t.word, "-")
	if !negative {
		word = strings.TrimPrefix(word, "+")
	}
	n, err := strconv.ParseUint(cNumber(word), 0, 64)
	if err != nil {
		return Value{}, s.bad(t.at, "%.40s is no number of type %s", t.word, typ)
	}
	most := uint64(math.MaxUint64) >> (64 - bits)
	if strings.IndexByte("nixh", typ.code) >= 0 {
		most >>= 1
		if negative {
			most++
		}
	} else if negative && n > 0 {
		most, n = 0, 1
	}
	if n > most {
		return Value{}, s.bad(t.at, "%.40s: number out of range for type %s", t.word, typ)
	}
	if negative {
		n = -n
	}
	return Value{typ, binary.LittleEndian.AppendUint64(nil, n)[:typ.fixed]}, nil
}

// cNumber leaves to strconv only what C reads: no 0b, 0o or underscores.
func cNumber(word string) string {
	if strings.ContainsAny(word, "_oO") || len(word) > 1 && word[0] == '0' && (word[1] == 'b' || word[1] == 'B') {
		return ""
	}
	return word
}

func (s *scanner) double(t *term) (Value, error) {
	word := t.word
	if strings.ContainsAny(word, "_xXpP") && !strings.HasPrefix(strings.TrimLeft(word, "+-"), "0x") {
		word = ""
	}
	f, err := strconv.ParseFloat(word, 64)
	if word == "-nan" {
		f, err = math.Copysign(math.NaN(), -1), nil
	}
	if err != nil && isFloat(t.word) || err != nil && word == "" {
		return Value{}, s.bad(t.at, "%.40s is no number of type d", t.word)
	}
	if err != nil { // 0x10, which strconv takes for no float
		n, err := strconv.ParseInt(word, 0, 64)
		if err != nil {
			return Value{}, s.bad(t.at, "%.40s is no number of type d", t.word)
		}
		f = float64(n)
	}
	return Value{basic['d'], binary.LittleEndian.AppendUint64(nil, math.Float64bits(f))}, nil
}
