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
	ColumnPAN                           // pan
	ColumnTIF                           // tif: the validity, where cmd and flags do not say it
	ColumnDetails                       // details: what phase, rules and limit say

	AllColumns Columns = 1<<iota - 1
)

// columnSets are the columns that a bit stands for, by bit.
var columnSets = [...][]string{
	{"symbol"}, {"member", "client"}, {"trigger"}, {"disclosed"}, {"flags"}, {"pan"}, {"tif"}, {"details"},
}

// names lists the columns of a set in the order in which they are written.
func (c Columns) names() []string {
	var out []string
	for i, names := range columnSets {
		if c&(1<<i) != 0 {
			out = append(out, names...)
		}
	}
	return out
}

// String lists the columns of a set: "pan, tif".
func (c Columns) String() string { return strings.Join(c.names(), ", ") }

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
	colPAN
	colTIF
	colDetails
	colCount
)

var columnNames = [colCount]string{
	"seq", "ts_ns", "cmd", "order_id", "side", "price", "qty",
	"symbol", "member", "client", "trigger", "disclosed", "flags", "pan", "tif", "details",
}

// The letters of the cmd column: commands about one order.
const (
	cmdNew       = 'N' // order entry, day
	cmdAggressor = 'A' // order entry, immediate or cancel
	cmdModify    = 'M' // new price and new remaining quantity
	cmdReduce    = 'R' // take qty off, keeping the place
	cmdDelete    = 'D' // cancel
)

// The letters of the flags column.
const (
	flagMarket       = 'M' // market order whatever the price
	flagLimit        = 'L' // limit order although the price is 0
	flagIOC          = 'I' // immediate or cancel (of a modify; an entry is A)
	flagStopLoss     = 'S'
	flagPreOpen      = 'P'
	flagAlgo         = 'G'
	flagCancelActive = 'C' // self-trade prevention cancels this order, not the resting one
)

const orderFlags = codec.FlagMarket | codec.FlagStopLoss | codec.FlagPreOpen | codec.FlagAlgo | codec.FlagCancelActive

// The words of the tif column.
var tifNames = [...]string{orderbook.Day: "DAY", orderbook.IOC: "IOC", orderbook.FOK: "FOK", orderbook.GTC: "GTC", orderbook.GTD: "GTD"}

// ofOrder reports whether a kind of command is about one order: those that have a letter.
func ofOrder(k codec.Kind) bool { return k >= codec.KindNew && k <= codec.KindReduce }

// Recognize reports whether the text begins with the header of a command file.
func Recognize(head []byte) bool {
	return bytes.IndexByte(head, '\n') >= 0 && len(Missing(head)) == 0
}

// Missing lists the required columns that the first line of the text does not have.
func Missing(head []byte) (columns []string) {
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	names := strings.Split(string(bytes.TrimSuffix(line, []byte{'\r'})), ",")
	for _, need := range columnNames[:colSymbol] {
		if !slices.Contains(names, need) {
			columns = append(columns, need)
		}
	}
	return columns
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
		case flagCancelActive:
			c.Flags |= codec.FlagCancelActive
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
	if c.Flags&codec.FlagCancelActive != 0 {
		dst = append(dst, flagCancelActive)
	}
	return dst
}

// setTIF reads the tif column; an empty one leaves what cmd and flags say. An order that A or the flag
// I calls immediate is nothing else.
func setTIF(c *codec.Command, word []byte) bool {
	if len(word) == 0 {
		return true
	}
	for t, name := range tifNames {
		if string(word) == name {
			ok := c.TIF == orderbook.Day || c.TIF == orderbook.TimeInForce(t)
			c.TIF = orderbook.TimeInForce(t)
			return ok
		}
	}
	return false
}

// appendTIF is the inverse of setTIF: only what the other columns do not say already.
func appendTIF(dst []byte, c *codec.Command) []byte {
	if c.TIF == orderbook.Day || c.TIF == orderbook.IOC {
		return dst
	}
	return append(dst, tifNames[c.TIF]...)
}

// Needs returns the optional columns without which a file would say something else of c than c
// does. The symbol and owner columns of orders depend on more than one command: the caller knows.
func Needs(c *codec.Command) Columns {
	var need Columns
	if c.Kind == codec.KindDefine {
		return 0
	}
	if !ofOrder(c.Kind) {
		return needsOfWord(c)
	}
	if c.Trigger != 0 {
		need |= ColumnTrigger
	}
	if c.Disclosed != 0 {
		need |= ColumnDisclosed
	}
	if c.PAN != 0 {
		need |= ColumnPAN
	}
	if c.TIF > orderbook.IOC {
		need |= ColumnTIF
	}
	var buf [8]byte
	if len(appendFlags(buf[:0], c)) > 0 {
		need |= ColumnFlags
	}
	return need
}
