package ledger

import (
	"bytes"
	"strconv"

	"github.com/tezi-exchange/tezi/codec"
)

// Sheet builds a CSV file (RFC 4180, but lines end in \n) field by field. The zero Sheet is empty.
type Sheet struct {
	bytes []byte
	begun bool // the line has a field
}

// Bytes returns what was built; it is valid until the next call.
func (s *Sheet) Bytes() []byte { return s.bytes }

func (s *Sheet) comma() {
	if s.begun {
		s.bytes = append(s.bytes, ',')
	}
	s.begun = true
}

// Header writes a whole line of names.
func (s *Sheet) Header(names ...string) {
	for _, name := range names {
		s.Text(name)
	}
	s.End()
}

// End ends the line.
func (s *Sheet) End() {
	s.bytes = append(s.bytes, '\n')
	s.begun = false
}

// Text writes a field, in quotes if it needs them.
func (s *Sheet) Text(v string) {
	s.comma()
	if !bytes.ContainsAny([]byte(v), ",\"\r\n") {
		s.bytes = append(s.bytes, v...)
		return
	}
	s.bytes = append(s.bytes, '"')
	for i := range len(v) {
		if v[i] == '"' {
			s.bytes = append(s.bytes, '"')
		}
		s.bytes = append(s.bytes, v[i])
	}
	s.bytes = append(s.bytes, '"')
}

// Uint writes a number.
func (s *Sheet) Uint(v uint64) {
	s.comma()
	s.bytes = strconv.AppendUint(s.bytes, v, 10)
}

// Int writes a signed number.
func (s *Sheet) Int(v int64) {
	s.comma()
	s.bytes = strconv.AppendInt(s.bytes, v, 10)
}

// Money writes v as a decimal with scale digits behind the point.
func (s *Sheet) Money(v int64, scale uint8) {
	s.comma()
	s.bytes = codec.AppendPrice(s.bytes, v, scale)
}

// Date writes a day in a layout of package time.
func (s *Sheet) Date(d Date, layout string) {
	s.comma()
	s.bytes = d.AppendTo(s.bytes, layout)
}

// Instrument writes the six fields that name an instrument: symbol, series, class, expiry as
// yyyymmdd, strike, option. Those that an instrument has not are empty.
func (s *Sheet) Instrument(i *codec.Instrument) {
	s.Text(i.SymbolString())
	s.Text(i.SeriesString())
	s.Text(i.ClassString())
	if i.Expiry == 0 {
		s.Text("")
		s.Text("")
	} else {
		s.Uint(uint64(i.Expiry))
		s.Money(int64(i.Strike), i.PriceScale)
	}
	s.Text(i.OptionString())
}
