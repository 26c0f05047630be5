package commandcsv

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Limits and defaults.
const (
	InstrumentsMax    = 1 << 20 // instruments of one file
	DefaultSymbol     = "CAPTURE"
	DefaultPriceScale = 2
	DefaultMembers    = 64
	DefaultClients    = 32
	PriceScaleMax     = 9
)

// ErrOptions is wrapped by the error about Options that no file can be read with.
var ErrOptions = errors.New("commandcsv: wrong options")

// Options of a Reader. Zero values mean the defaults.
type Options struct {
	Members    uint32 // trading members that codec.Owner spreads orders over, where no column names one
	Clients    uint32 // clients of each
	Symbol     string // name of the one instrument of a file without a symbol column
	PriceScale uint8  // decimal digits of the integer prices, 1 to 9
}

func (o *Options) setDefaults() {
	if o.Members == 0 {
		o.Members = DefaultMembers
	}
	if o.Clients == 0 {
		o.Clients = DefaultClients
	}
	if o.Symbol == "" {
		o.Symbol = DefaultSymbol
	}
	if o.PriceScale == 0 {
		o.PriceScale = DefaultPriceScale
	}
}

// Reader reads a command file as commands.
type Reader struct {
	rows    rows
	options Options
	at      [colCount]int // place of each column in a row; -1: not there
	columns int           // of the header
	ids     map[string]uint32
	seq     uint64 // of the last command
	command codec.Command
	pending bool // command waits behind the definition of its instrument
}

// NewReader reads the header. The text in r is plain, its lines end in LF or CR LF. The error is a
// *HeaderError if this is another kind of file; ErrOptions if o cannot be.
func NewReader(r io.Reader, o Options) (*Reader, error) {
	o.setDefaults()
	if _, ok := ParseName(o.Symbol, o.PriceScale); !ok || o.PriceScale > PriceScaleMax {
		return nil, fmt.Errorf("%w: symbol %q and price scale %d, want a name as RELIANCE-EQ, of at most 10 characters before the series, and at most %d digits",
			ErrOptions, o.Symbol, o.PriceScale, PriceScaleMax)
	}
	rd := &Reader{rows: newRows(r), options: o, ids: make(map[string]uint32)}
	at, err := rd.rows.header("a command file", columnNames[:colSymbol], columnNames[colSymbol:])
	if err != nil {
		return nil, err
	}
	rd.columns = rd.rows.count
	for i, name := range columnNames {
		rd.at[i] = -1
		if place, ok := at[name]; ok {
			rd.at[i] = place
		}
	}
	return rd, nil
}

// Next reads the next command into c. Before the first command of an instrument it gives the
// KindDefine command of the instrument, numbered densely from 1. It returns io.EOF at the end, a
// *RecordError for a line it cannot read, behind which Next goes on, and any other error for good.
// The seq column goes to Ref (it wraps), but of phases, rules and limits, which have none; Seq is not
// given.
func (r *Reader) Next(c *codec.Command) error {
	if r.pending {
		r.pending = false
		*c = r.command
		return nil
	}
	if err := r.rows.read(); err != nil {
		return err
	}
	if r.rows.count != r.columns {
		return r.rows.fail("", strconv.Itoa(r.columns)+" columns", strconv.Itoa(r.rows.count))
	}
	if err := r.parse(&r.command); err != nil {
		return err
	}
	in, err := r.instrument(&r.command)
	if err != nil {
		return err
	}
	if in != nil {
		*c = *in.AsCommand()
		r.pending = true
		return nil
	}
	*c = r.command
	return nil
}

func (r *Reader) field(col int) []byte { return r.rows.fields[r.at[col]] }

func (r *Reader) fail(col int, want string) error {
	return r.rows.fail(columnNames[col], columnNames[col]+" "+want, quote(r.field(col)))
}

// parse reads all columns but the symbol.
func (r *Reader) parse(c *codec.Command) error {
	*c = codec.Command{}
	seq, ok := unsigned(r.field(colSeq), 1<<64-1)
	if !ok || seq <= r.seq {
		return r.fail(colSeq, "above "+strconv.FormatUint(r.seq, 10))
	}
	if c.TimeNs, ok = signed(r.field(colTime), 1<<63-1); !ok {
		return r.fail(colTime, "in ns")
	}
	var err error
	switch cmd := r.field(colCmd); {
	case len(cmd) == 1 && setKind(c, cmd[0]):
		err = r.parseOrder(c)
	case setWord(c, cmd):
		err = r.parseWord(c)
	default:
		err = r.fail(colCmd, "N, A, M, R, D, phase, rules, limit, mass_cancel, kill or lift")
	}
	if err != nil {
		return err
	}
	r.seq = seq
	if hasRef(c.Kind) {
		c.Ref = uint32(seq)
	}
	return nil
}

// parseOrder reads what a row with a letter says beside its number, time and instrument.
func (r *Reader) parseOrder(c *codec.Command) error {
	var ok bool
	if c.Order, ok = orderID(r.field(colOrder)); !ok {
		return r.fail(colOrder, "as 123 or A1")
	}
	if !setSide(c, r.field(colSide)) {
		return r.fail(colSide, "B or S")
	}
	price, ok := signed(r.field(colPrice), 1<<31-1)
	if !ok {
		return r.fail(colPrice, "a whole number of 32 bits")
	}
	c.Price = orderbook.Price(price)
	qty, ok := unsigned(r.field(colQty), 1<<32-1)
	if !ok {
		return r.fail(colQty, "a whole number of 32 bits")
	}
	c.Qty = orderbook.Qty(qty)
	if c.Price == 0 && priced(c) {
		c.Flags = codec.FlagMarket
	}
	return r.parseOptional(c)
}

func (r *Reader) parseOptional(c *codec.Command) error {
	c.Member, c.Client = codec.Owner(c.Order, r.options.Members, r.options.Clients)
	for col := colMember; col < colCount; col++ {
		if r.at[col] < 0 {
			continue
		}
		b := r.field(col)
		ok := true
		var v uint64
		switch col {
		case colMember:
			v, ok = unsigned(b, 1<<16-1)
			c.Member = uint16(v)
		case colClient:
			v, ok = unsigned(b, 1<<32-1)
			c.Client = uint32(v)
		case colTrigger:
			var t int64
			t, ok = signed(b, 1<<31-1)
			c.Trigger = orderbook.Price(t)
		case colDisclosed:
			v, ok = unsigned(b, 1<<32-1)
			c.Disclosed = orderbook.Qty(v)
		case colFlags:
			ok = setFlags(c, b)
		case colPAN:
			v, ok = unsigned(b, 1<<32-1)
			c.PAN = uint32(v)
		case colTIF:
			ok = setTIF(c, b)
		case colDetails:
			ok = len(b) == 0
		}
		if !ok {
			return r.fail(col, "as docs/formats/command-csv.md says")
		}
	}
	return nil
}

// instrument gives the command its instrument number and returns the definition of a new one.
func (r *Reader) instrument(c *codec.Command) (*codec.Instrument, error) {
	name := []byte(nil)
	if r.at[colSymbol] >= 0 {
		name = r.field(colSymbol)
	}
	if len(name) == 0 && mayLackInstrument(c.Kind) {
		return nil, nil
	}
	id, known := r.ids[string(name)]
	if known {
		c.Instrument = id
		return nil, nil
	}
	text := r.options.Symbol
	if name != nil {
		text = string(name)
	}
	in, ok := ParseName(text, r.options.PriceScale)
	if !ok {
		return nil, r.fail(colSymbol, "as RELIANCE-EQ, of at most 10 characters before the series")
	}
	if len(r.ids) == InstrumentsMax {
		return nil, r.fail(colSymbol, "one of at most "+strconv.Itoa(InstrumentsMax)+" instruments")
	}
	c.Instrument = uint32(len(r.ids) + 1)
	in.Instrument, in.TimeNs = c.Instrument, c.TimeNs
	r.ids[string(name)] = c.Instrument
	return &in, nil
}
