package plot

import (
	"math"
	"strconv"
	"strings"
)

// span is an axis with its ends, ready to place values.
type span struct {
	Axis
	from, to float64 // at the two ends of the axis
	ticks    []tick
}

// tick is a mark at an axis.
type tick struct {
	at    float64
	label string // "" for a line without a number
}

// ticksWanted is about how many numbers a linear axis gets.
const ticksWanted = 6

// Figures between these have a place, and zero: nearer to the ends of float64 the tenth of one, or ten times one, is not a
// number of as many digits, so the steps of an axis would not be either.
const (
	figureMin = 1e-300
	figureMax = 1e300
)

// can reports whether the scale has a place for v (I2).
func (s Scale) can(v float64) bool {
	if size := math.Abs(v); v != 0 && !(size >= figureMin && size <= figureMax) {
		return false
	}
	switch s {
	case Log:
		return v > 0
	case Nines:
		return v >= 0 && v < 100
	}
	return true
}

// project makes a value a length.
func (s Scale) project(v float64) float64 {
	switch s {
	case Log:
		return math.Log10(v)
	case Nines:
		return -math.Log10(1 - v/100)
	}
	return v
}

// newSpan finds the ends and the ticks for values that the scale has places for.
func newSpan(a Axis, values []float64) span {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	if len(values) == 0 {
		low, high = 1, 10
		if a.Scale == Nines {
			low, high = 0, 99
		}
	}
	s := span{Axis: a}
	switch a.Scale {
	case Log:
		s.logarithmic(low, high)
	case Nines:
		s.nines(high)
	default:
		s.linear(low, high)
	}
	return s
}

// place returns where v lies, from 0 to 1.
func (s *span) place(v float64) float64 {
	from := s.Scale.project(s.from)
	return (s.Scale.project(v) - from) / (s.Scale.project(s.to) - from)
}

// linear begins at zero: a figure that is half as high is half as much.
func (s *span) linear(low, high float64) {
	low, high = min(low, 0), max(high, 0)
	if low == high {
		high = 1
	}
	step := roundUp((high - low) / ticksWanted)
	first, last := math.Floor(low/step+1e-9), math.Ceil(high/step-1e-9)
	s.from, s.to = first*step, last*step
	for i := first; i <= last; i++ {
		s.ticks = append(s.ticks, tick{i * step, s.Unit.text(i * step)})
	}
}

// roundUp returns the next 1, 2 or 5 times a power of ten.
func roundUp(v float64) float64 {
	decade := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*decade >= v*(1-1e-9) {
			return m * decade
		}
	}
	return 10 * decade
}

// labelledDecadesMax is up to how many decades an axis also has numbers at 2 and 5.
const labelledDecadesMax = 3

// logarithmic ends at the 1, 2 or 5 around the values.
func (s *span) logarithmic(low, high float64) {
	s.from, s.to = math.Inf(-1), roundUp(high)
	first := int(math.Floor(math.Log10(low) + 1e-9))
	last := int(math.Ceil(math.Log10(high) - 1e-9))
	for d := first; d <= last; d++ {
		for _, m := range []float64{1, 2, 5} {
			at := m * math.Pow(10, float64(d))
			if at <= low*(1+1e-9) {
				s.from = at
			}
		}
	}
	if s.from == s.to {
		s.to = roundUp(s.from * 1.5)
		last++
	}
	near := math.Log10(s.to/s.from) <= labelledDecadesMax
	for d := first; d <= last; d++ {
		for m := 1.0; m < 10; m++ {
			at := m * math.Pow(10, float64(d))
			if at < s.from*(1-1e-9) || at > s.to*(1+1e-9) {
				continue
			}
			t := tick{at: at}
			if m == 1 || (m == 2 || m == 5) && near {
				t.label = s.Unit.text(at)
			}
			s.ticks = append(s.ticks, t)
		}
	}
}

// crowdedFrom is the end of an axis on which there is no room for every number at its beginning.
const crowdedFrom = 99.999

// nines begins at 0 % and ends where the values do.
func (s *span) nines(high float64) {
	s.from, s.to = 0, max(high, 90)
	for _, at := range []float64{0, 50, 75} {
		if at == 75 && s.to > crowdedFrom {
			continue
		}
		s.ticks = append(s.ticks, tick{at, s.Unit.text(at)})
	}
	digits := "90"
	for {
		at, err := strconv.ParseFloat(digits, 64)
		if err != nil || at > s.to {
			return
		}
		s.ticks = append(s.ticks, tick{at, s.Unit.text(at)})
		switch digits {
		case "90":
			digits = "99"
		case "99":
			digits = "99.9"
		default:
			digits += "9"
		}
	}
}

// text writes a value at an axis.
func (u Unit) text(v float64) string {
	short := func(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
	switch {
	case u == Percent:
		return strconv.FormatFloat(v, 'f', -1, 64) + " %"
	case v == 0:
		return "0"
	case u == Duration:
		switch size := math.Abs(v); {
		case size >= 1e9:
			return short(v/1e9) + " s"
		case size >= 1e6:
			return short(v/1e6) + " ms"
		case size >= 1e3:
			return short(v/1e3) + " µs"
		}
		return short(v) + " ns"
	}
	switch size := math.Abs(v); {
	case size >= 1e9:
		return short(v/1e9) + "G"
	case size >= 1e6:
		return short(v/1e6) + "M"
	case size >= 1e4 || size >= 1e3 && math.Mod(size, 100) == 0:
		return short(v/1e3) + "k"
	}
	return strings.TrimPrefix(short(v), "+")
}
