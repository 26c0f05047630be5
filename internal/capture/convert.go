package capture

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/commandcsv"
)

// Stats tell what a conversion did.
type Stats struct {
	From        Format `json:"from"`
	To          Format `json:"to"`
	Commands    uint64 `json:"commands"`         // without what the exchange says, and unreadable records
	Instruments uint64 `json:"instruments"`      // defined
	Market      uint64 `json:"market,omitempty"` // phases, rules and limits
	Unreadable  uint64 `json:"unreadable"`       // records of the source; a tezi capture keeps their places
	Notes       []Note `json:"notes,omitempty"`
}

// Convert reads the capture in ("-": standard input) and writes it to out in the format of its extension. Unreadable
// records are counted: a tezi capture keeps a KindUnreadable command in the place of each, the other formats leave them
// out. If no record can be read, ErrNothingRead says so. An error leaves no file. What the format of out cannot carry
// is told in Stats.Notes. The phases that o.Sessions puts into an NSE file are written too, unless out is an NSE file.
// A command CSV gets the optional columns that it needs: to know them, the source is read twice, or all are written if
// it is standard input or another pipe. When ctx ends, so does the conversion; what it has written is gone at once,
// although it may wait for a pipe for ever.
func Convert(ctx context.Context, in, out string, o Options) (Stats, error) {
	to, err := FormatOf(out)
	if err != nil {
		return Stats{}, err
	}
	create := CreateOptions{Options: o.withDefaults()}
	if to.Kind == KindCSV {
		if create.Columns, err = columnsFor(in, create.Options); err != nil {
			return Stats{}, err
		}
	}
	r, err := Open(in, o)
	if err != nil {
		return Stats{}, err
	}
	defer r.Close()
	if create.Recorded = to.Kind == KindNSE && r.Format().Kind == KindNSE; create.Recorded {
		r.asRecorded()
	}
	w, err := Create(out, to, create)
	if err != nil {
		return Stats{}, err
	}
	defer w.Abort()
	defer context.AfterFunc(ctx, w.discard)()
	s := Stats{From: r.Format(), To: to}
	if err := copyAll(ctx, w, r, &s); err != nil {
		return Stats{}, err
	}
	if err := w.Close(); err != nil {
		return Stats{}, err
	}
	s.Notes = w.Notes()
	return s, nil
}

func copyAll(ctx context.Context, w *Writer, r *Reader, s *Stats) error {
	return each(r, func(c *codec.Command) error {
		switch c.Kind {
		case codec.KindDefine:
			s.Instruments++
		case codec.KindUnreadable:
			s.Unreadable++
		case codec.KindPhase, codec.KindRules, codec.KindLimit:
			s.Market++
		default:
			s.Commands++
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return w.Write(c)
	}, nil)
}

// each calls do with every command of r. An unreadable record is told to bad, if there is one, and becomes a
// KindUnreadable command with its line in Ref. The error wraps ErrNothingRead, at the end, if there was nothing else.
func each(r *Reader, do func(*codec.Command) error, bad func(*RecordError)) error {
	var (
		c          codec.Command
		some       bool // a record could be read
		first      *RecordError
		unreadable int
	)
	for {
		err := r.Next(&c)
		var re *RecordError
		switch {
		case err == nil:
			some = true
		case err == io.EOF && !some && first != nil:
			return NothingRead(unreadable, first)
		case err == io.EOF:
			return nil
		case errors.As(err, &re):
			unreadable++
			if first == nil {
				first = re
			}
			if bad != nil {
				bad(re)
			}
			c = codec.Command{Kind: codec.KindUnreadable, Ref: uint32(re.Line)}
		default:
			return err
		}
		if err := do(&c); err != nil {
			return err
		}
	}
}

// columnsFor reads the source to learn which optional columns a command CSV of it needs.
func columnsFor(in string, o Options) (commandcsv.Columns, error) {
	if info, err := os.Stat(in); in == "-" || err == nil && !info.Mode().IsRegular() {
		return commandcsv.AllColumns, nil
	}
	r, err := Open(in, o)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	var need commandcsv.Columns
	err = each(r, func(c *codec.Command) error {
		switch {
		case c.Kind == codec.KindDefine:
			if c.AsInstrument().Name() != o.Symbol {
				need |= commandcsv.ColumnSymbol
			}
		case c.Kind != codec.KindUnreadable:
			need |= commandcsv.Needs(c)
			if ofOrder(c.Kind) && !derived(c, o) {
				need |= commandcsv.ColumnOwner
			}
		}
		return nil
	}, nil)
	return need, err
}

// ofOrder reports whether a kind of command is about one order.
func ofOrder(k codec.Kind) bool { return k >= codec.KindNew && k <= codec.KindReduce }
