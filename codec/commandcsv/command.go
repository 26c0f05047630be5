package commandcsv

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// Columns is a set of optional columns.
type Columns uint8

// The optional columns, in the order in which a Writer puts them behind the others.
const (
	ColumnSymbol    Columns = 1 << iota // symbol: the instrument's name
	ColumnOwner                         // member and client
	ColumnTrigger                       // trigger
	ColumnDisclosed                     // disclosed
	ColumnFlags                         // flags
)

// The columns by place in a row. Those before symbol are required.
const (
	colSeq = iota
	colTime
	colCmd
	colOrder
	colSide
	colPrice
	colQty
	colSymbol
	colMember
	colClient
	colTrigger
	colDisclosed
	colFlags
	colCount
)

var columnNames = [colCount]string{
	"seq", "ts_ns", "cmd", "order_id", "side", "price", "qty",
	"symbol", "member", "client", "trigger", "disclosed", "flags",
}

// The commands of the cmd column.
const (
	cmdNew       = 'N' // order entry, day
	cmdAggressor = 'A' // order entry, immediate or cancel
	cmdModify    = 'M' // new price and new remaining quantity
	cmdReduce    = 'R' // take qty off, keeping the place
	cmdDelete    = 'D' // cancel
)

// The letters of the flags column.
const (
	flagMarket   = 'M' // market order whatever the price
	flagLimit    = 'L' // limit order although the price is 0
	flagIOC      = 'I' // immediate or cancel (of a modify; an entry is A)
	flagStopLoss = 'S'
	flagPreOpen  = 'P'
	flagAlgo     = 'G'
)

// Recognize reports whether the text begins with the header of a command file.
func Recognize(head []byte) bool {
	line, _, whole := bytes.Cut(head, []byte{'\n'})
	if !whole {
		return false
	}
	names := strings.Split(string(bytes.TrimSuffix(line, []byte{'\r'})), ",")
	for _, need := range columnNames[:colSymbol] {
		if !slices.Contains(names, need) {
			return false
		}
	}
	return true
}

// setKind puts the cmd letter into the command.
func setKind(c *codec.Command, letter byte) bool {
	switch letter {
	case cmdNew:
		c.Kind = codec.KindNew
	case cmdAggressor:
		c.Kind, c.TIF = codec.KindNew, orderbook.IOC
	case cmdModify:
		c.Kind = codec.KindModify
	case cmdReduce:
		c.Kind = codec.KindReduce
	case cmdDelete:
		c.Kind = codec.KindCancel
	default:
		return false
	}
	return true
}

// letterOf is the inverse of setKind.
func letterOf(c *codec.Command) (byte, bool) {
	switch c.Kind {
	case codec.KindNew:
		if c.TIF == orderbook.IOC {
			return cmdAggressor, true
		}
		return cmdNew, true
	case codec.KindModify:
		return cmdModify, true
	case codec.KindReduce:
		return cmdReduce, true
	case codec.KindCancel:
		return cmdDelete, true
	}
	return 0, false
}

// priced reports whether a price of 0 means a market order.
func priced(c *codec.Command) bool {
	return c.Kind == codec.KindNew || c.Kind == codec.KindModify
}

// setFlags puts the letters of the flags column into the command, whose price is set.
func setFlags(c *codec.Command, letters []byte) bool {
	for _, l := range letters {
		switch l {
		case flagMarket:
			c.Flags |= codec.FlagMarket
		case flagLimit:
			c.Flags &^= codec.FlagMarket
		case flagIOC:
			c.TIF = orderbook.IOC
		case flagStopLoss:
			c.Flags |= codec.FlagStopLoss
		case flagPreOpen:
			c.Flags |= codec.FlagPreOpen
		case flagAlgo:
			c.Flags |= codec.FlagAlgo
		default:
			return false
		}
	}
	return true
}

// appendFlags is the inverse of setFlags: only what the other columns do not say already.
func appendFlags(dst []byte, c *codec.Command) []byte {
	market := c.Flags&codec.FlagMarket != 0
	implied := priced(c) && c.Price == 0
	if market && !implied {
		dst = append(dst, flagMarket)
	}
	if !market && implied {
		dst = append(dst, flagLimit)
	}
	if c.TIF == orderbook.IOC && c.Kind != codec.KindNew {
		dst = append(dst, flagIOC)
	}
	if c.Flags&codec.FlagStopLoss != 0 {
		dst = append(dst, flagStopLoss)
	}
	if c.Flags&codec.FlagPreOpen != 0 {
		dst = append(dst, flagPreOpen)
	}
	if c.Flags&codec.FlagAlgo != 0 {
		dst = append(dst, flagAlgo)
	}
	return dst
}

// Needs returns the optional columns without which a file would say something else of c than c
// does. The symbol and owner columns depend on more than one command: the caller knows.
func Needs(c *codec.Command) Columns {
	var need Columns
	if c.Kind == codec.KindDefine {
		return 0
	}
	if c.Trigger != 0 {
		need |= ColumnTrigger
	}
	if c.Disclosed != 0 {
		need |= ColumnDisclosed
	}
	var buf [8]byte
	if len(appendFlags(buf[:0], c)) > 0 {
		need |= ColumnFlags
	}
	return need
}
