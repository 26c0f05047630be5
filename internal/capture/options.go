package capture

import (
	"errors"
	"fmt"

	"github.com/tezi-exchange/tezi/codec/commandcsv"
	"github.com/tezi-exchange/tezi/codec/nse"
)

// Options say how to read what a file does not tell itself. Zero values mean the defaults.
type Options struct {
	Members    uint32 // trading members that codec.Owner spreads orders over; default 64
	Clients    uint32 // clients of each; default 32
	Symbol     string // name of the instrument of a command CSV without symbol column; default CAPTURE
	PriceScale uint8  // decimal digits of the prices of a command CSV; default 2

	Sessions Sessions // phases of the trading day, added where the file has none
}

func (o Options) withDefaults() Options {
	if o.Members == 0 {
		o.Members = nse.DefaultMembers
	}
	if o.Clients == 0 {
		o.Clients = nse.DefaultClients
	}
	if o.Symbol == "" {
		o.Symbol = commandcsv.DefaultSymbol
	}
	if o.PriceScale == 0 {
		o.PriceScale = commandcsv.DefaultPriceScale
	}
	return o
}

// ErrOptions is wrapped by the error about Options that nothing can be read with.
var ErrOptions = errors.New("wrong options for a capture")

// ErrSymbol is the ErrOptions of a Symbol that is no name.
var ErrSymbol = fmt.Errorf("%w: symbol", ErrOptions)

// validate checks options whose defaults are set. A member is a number of 16 bits, and clients are
// numbered over all members in 32.
func (o Options) validate() error {
	_, named := commandcsv.ParseName(o.Symbol, o.PriceScale)
	switch {
	case o.Members > 1<<16-1:
		return fmt.Errorf("%w: %d members, want at most 65535", ErrOptions, o.Members)
	case uint64(o.Members)*uint64(o.Clients) > 1<<32-1:
		return fmt.Errorf("%w: %d members of %d clients each, want at most 4294967295 clients in all", ErrOptions, o.Members, o.Clients)
	case o.Sessions > SessionsOff:
		return fmt.Errorf("%w: sessions %d, want auto, stops or off", ErrOptions, o.Sessions)
	case o.PriceScale > commandcsv.PriceScaleMax:
		return fmt.Errorf("%w: prices of %d decimal digits, want at most %d", ErrOptions, o.PriceScale, commandcsv.PriceScaleMax)
	case !named:
		return fmt.Errorf("%w %q, want a name as RELIANCE-EQ, of at most 10 characters before the series", ErrSymbol, o.Symbol)
	}
	return nil
}
