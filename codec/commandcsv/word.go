package commandcsv

import (
	"bytes"
	"strconv"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// The words of the cmd column: commands that are about no single order.
const (
	cmdPhase      = "phase"       // the instrument enters a phase of the day
	cmdRules      = "rules"       // the rules of the instrument from now on
	cmdLimit      = "limit"       // margin limit of a member or client
	cmdMassCancel = "mass_cancel" // cancel all orders of member, client, instrument and side
	cmdKill       = "kill"        // and refuse new ones
	cmdLift       = "lift"        // until this
)

// setWord puts the word of the cmd column into the command.
func setWord(c *codec.Command, word []byte) bool {
	switch string(word) {
	case cmdPhase:
		c.Kind = codec.KindPhase
	case cmdRules:
		c.Kind = codec.KindRules
	case cmdLimit:
		c.Kind = codec.KindLimit
	case cmdMassCancel:
		c.Kind = codec.KindMassCancel
	case cmdKill:
		c.Kind = codec.KindKill
	case cmdLift:
		c.Kind, c.Flags = codec.KindKill, codec.FlagLift
	default:
		return false
	}
	return true
}

// wordOf is the inverse of setWord; "" if the command has no word.
func wordOf(c *codec.Command) string {
	switch c.Kind {
	case codec.KindPhase:
		return cmdPhase
	case codec.KindRules:
		return cmdRules
	case codec.KindLimit:
		return cmdLimit
	case codec.KindMassCancel:
		return cmdMassCancel
	case codec.KindKill:
		if c.Flags&codec.FlagLift != 0 {
			return cmdLift
		}
		return cmdKill
	}
	return ""
}

// hasRef reports whether commands of the kind have the field Ref: phases, rules and limits do not.
func hasRef(k codec.Kind) bool {
	return ofOrder(k) || k == codec.KindMassCancel || k == codec.KindKill
}

// mayLackInstrument reports whether a command of the kind need not name an instrument: then it is for
// all of them.
func mayLackInstrument(k codec.Kind) bool {
	return k == codec.KindLimit || k == codec.KindMassCancel || k == codec.KindKill
}

// mayFill says which columns a word may use, beside seq, ts_ns and cmd. The others stay empty.
func mayFill(k codec.Kind, col int) bool {
	selects := k == codec.KindMassCancel || k == codec.KindKill
	switch col {
	case colSide:
		return k == codec.KindMassCancel
	case colSymbol:
		return k != codec.KindLimit
	case colMember, colClient:
		return selects || k == codec.KindLimit
	case colDetails:
		return !selects
	}
	return false
}

// needsOfWord is Needs for a command that has a word.
func needsOfWord(c *codec.Command) Columns {
	var need Columns
	switch c.Kind {
	case codec.KindPhase, codec.KindRules:
		return ColumnDetails
	case codec.KindLimit:
		return ColumnDetails | ColumnOwner
	case codec.KindMassCancel, codec.KindKill:
		if c.Instrument != 0 {
			need |= ColumnSymbol
		}
		if c.Member != 0 || c.Client != 0 {
			need |= ColumnOwner
		}
	}
	return need
}

// parseWord reads what a row with a word says beside its number, time and instrument.
func (r *Reader) parseWord(c *codec.Command) error {
	for col := colOrder; col < colCount; col++ {
		if r.at[col] >= 0 && len(r.field(col)) > 0 && !mayFill(c.Kind, col) {
			return r.fail(col, "empty: "+string(r.field(colCmd))+" does not use it")
		}
	}
	if c.Kind == codec.KindMassCancel {
		if side := r.field(colSide); !setSide(c, side) && len(side) > 0 {
			return r.fail(colSide, "B, S or empty for both")
		}
	}
	var err error
	if mayFill(c.Kind, colMember) && r.at[colMember] >= 0 {
		err = r.selector(colMember, 1<<16-1, func(v uint64) { c.Member = uint16(v) })
	}
	if err == nil && mayFill(c.Kind, colClient) && r.at[colClient] >= 0 {
		err = r.selector(colClient, 1<<32-1, func(v uint64) { c.Client = uint32(v) })
	}
	if err == nil && mayFill(c.Kind, colDetails) {
		err = r.parseDetails(c)
	}
	return err
}

// selector reads a number where an empty field is 0.
func (r *Reader) selector(col int, limit uint64, set func(uint64)) error {
	b := r.field(col)
	if len(b) == 0 {
		return nil
	}
	v, ok := unsigned(b, limit)
	if !ok {
		return r.fail(col, "a number of at most "+strconv.FormatUint(limit, 10)+", or empty")
	}
	set(v)
	return nil
}

// parseDetails reads key=value pairs with semicolons between them, and bare keys, which are flags.
func (r *Reader) parseDetails(c *codec.Command) error {
	var text []byte
	if r.at[colDetails] >= 0 {
		text = r.field(colDetails)
	}
	var seen uint32
	for len(text) > 0 {
		pair, rest, more := bytes.Cut(text, []byte{';'})
		key, value, valued := bytes.Cut(pair, []byte{'='})
		i := findDetail(c.Kind, key)
		switch {
		case i < 0, seen&(1<<i) != 0, valued == (details[i].flag != 0), more && len(rest) == 0, !details[i].set(c, value):
			return r.fail(colDetails, "as docs/formats/command-csv.md says for "+string(r.field(colCmd)))
		}
		seen |= 1 << i
		text = rest
	}
	if c.Kind == codec.KindPhase && seen&(1<<findDetail(c.Kind, []byte("phase"))) == 0 {
		return r.fail(colDetails, "phase=NAME")
	}
	return nil
}

// appendWord writes what parseWord reads, from the column behind cmd on, with the symbol.
func (w *Writer) appendWord(dst []byte, c *codec.Command) []byte {
	dst = append(dst, ",,"...) // order_id
	if c.Kind == codec.KindMassCancel && c.Side != 0 {
		dst = append(dst, "?BS"[c.Side])
	}
	dst = append(dst, ",,"...) // price, qty
	if w.columns&ColumnSymbol != 0 {
		dst = append(dst, ',')
		if c.Kind != codec.KindLimit {
			dst = append(dst, w.names[c.Instrument]...)
		}
	}
	if w.columns&ColumnOwner != 0 {
		dst = append(dst, ',')
		owned := mayFill(c.Kind, colMember)
		if owned && c.Member != 0 {
			dst = strconv.AppendUint(dst, uint64(c.Member), 10)
		}
		dst = append(dst, ',')
		if owned && c.Client != 0 {
			dst = strconv.AppendUint(dst, uint64(c.Client), 10)
		}
	}
	for _, empty := range [...]Columns{ColumnTrigger, ColumnDisclosed, ColumnFlags, ColumnPAN, ColumnTIF} {
		if w.columns&empty != 0 {
			dst = append(dst, ',')
		}
	}
	if w.columns&ColumnDetails != 0 {
		dst = appendDetails(append(dst, ','), c)
	}
	return dst
}

// setSide reads B or S.
func setSide(c *codec.Command, b []byte) bool {
	switch string(b) {
	case "B":
		c.Side = orderbook.Buy
	case "S":
		c.Side = orderbook.Sell
	default:
		return false
	}
	return true
}
