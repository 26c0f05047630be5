package bench

import (
	"io"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The plotter format: steps a half distance to 100 %, and nanoseconds a microsecond.
const (
	hgrmTicks = 5
	hgrmScale = 1000
)

// writeHGRM writes the percentiles of a histogram of nanoseconds in microseconds.
func writeHGRM(w io.Writer, h *hdrhistogram.Histogram) error {
	_, err := h.PercentilesPrint(w, hgrmTicks, hgrmScale)
	return err
}
