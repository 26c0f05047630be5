package capture_test

import (
	"bytes"
	"fmt"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/capture"
	"github.com/tezi-exchange/tezi/orderbook"
)

// A file that lost its tail says so instead of ending early.
func Example() {
	var file bytes.Buffer
	w, _ := capture.NewWriter(&file, capture.Options{})
	_ = w.Write(&codec.Command{Instrument: 1, Kind: codec.KindNew, Order: 7, Side: orderbook.Sell, Price: 245075, Qty: 100})
	_ = w.Close()

	r, _ := capture.NewReader(bytes.NewReader(file.Bytes()[:file.Len()-1]))
	var c codec.Command
	fmt.Println(r.Next(&c), c.Order, c.Side, c.Qty, c.Price)
	fmt.Println(r.Next(&c))
	// Output:
	// <nil> 7 sell 100 245075
	// offset 59: want a block of 36 bytes, got the end of the file after 35 bytes
}
