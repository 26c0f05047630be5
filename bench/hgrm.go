package bench

import (
	"bytes"
	"os"
)

// The plotter format: steps a half distance to 100 %, and nanoseconds a microsecond.
const (
	hgrmTicks = 5
	hgrmScale = 1000
)

func (s *Snapshot) writeHGRM(path string, stage Stage) error {
	var b bytes.Buffer
	if _, err := s.histograms[stage].PercentilesPrint(&b, hgrmTicks, hgrmScale); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
