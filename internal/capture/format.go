package capture

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/tezi-exchange/tezi/codec/nse"
)

// Kind is a family of formats.
type Kind uint8

// The families.
const (
	KindNSE Kind = 1 // NSE historical order file: docs/formats/nse-historical.md
	KindCSV Kind = 2 // command CSV: docs/formats/command-csv.md
	KindTZC Kind = 3 // tezi's own capture: docs/formats/capture.md
)

// Format is a format of capture files.
type Format struct {
	Kind   Kind
	Layout nse.Layout // of KindNSE; 0 in a format to write: the first instrument decides
	Gzip   bool       // compressed; reading takes any number of members
}

// String names the format: "NSE CASH orders, gzip".
func (f Format) String() string {
	s := "unknown"
	switch f.Kind {
	case KindNSE:
		s = "NSE orders"
		if f.Layout != 0 {
			s = "NSE " + f.Layout.String()
		}
	case KindCSV:
		s = "command CSV"
	case KindTZC:
		s = "tezi capture"
	}
	if f.Gzip {
		s += ", gzip"
	}
	return s
}

// MarshalText is String, for reports.
func (f Format) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// FormatOf tells from the extension which format to write: .DAT, .csv or .tzc, each also with .gz
// behind it; case does not matter. Reading never looks at the name.
func FormatOf(path string) (Format, error) {
	name := strings.ToLower(filepath.Base(path))
	name, zipped := strings.CutSuffix(name, ".gz")
	f := Format{Gzip: zipped}
	switch filepath.Ext(name) {
	case ".dat":
		f.Kind = KindNSE
	case ".csv":
		f.Kind = KindCSV
	case ".tzc":
		f.Kind = KindTZC
	default:
		return Format{}, fmt.Errorf("%s: no capture format has this extension: want .DAT, .csv or .tzc, or one of them with .gz", path)
	}
	return f, nil
}
