package plot

// Chart is a picture of some series over the same axes.
type Chart struct {
	Title    string // what is seen, in a few words
	Subtitle string // under which circumstances: the machine, what was held fixed
	X, Y     Axis
	Series   []Series // at most SeriesMax are drawn, the first ones; the picture says how many are not
}

// Axis is a direction of a Chart.
type Axis struct {
	Label string // with the unit
	Scale Scale
	Unit  Unit
}

// Series is one line of a Chart.
type Series struct {
	Name   string
	Points []Point // in the order in which they are joined
	Plain  bool    // no marks: for curves of many points
}

// Point is a measurement.
type Point struct{ X, Y float64 }

// SeriesMax is how many lines can still be told apart.
const SeriesMax = 8

// Scale says how values become positions.
type Scale int

const (
	Linear Scale = iota // values as they are
	Log                 // by their logarithm; only values above 0
	Nines               // percentiles from 0 up to, not including, 100: by how few are left
)

// Unit says how the values at an axis are written.
type Unit int

const (
	Number   Unit = iota // 500, 2k, 1.5M
	Duration             // values are nanoseconds: 500 ns, 2 µs, 1.5 ms
	Percent              // 99.9 %
)
