package commandcsv_test

import (
	"fmt"
	"os"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/commandcsv"
	"github.com/tezi-exchange/tezi/orderbook"
)

func ExampleWriter() {
	w := commandcsv.NewWriter(os.Stdout, commandcsv.ColumnSymbol)
	in, _ := commandcsv.ParseName("RELIANCE-EQ", 2)
	in.Instrument = 1
	for _, c := range []codec.Command{
		*in.AsCommand(),
		{Instrument: 1, Kind: codec.KindNew, Order: 7, Side: orderbook.Sell, Price: 245075, Qty: 100},
		{Instrument: 1, Kind: codec.KindNew, Order: 8, Side: orderbook.Buy, Price: 245075, Qty: 40, TIF: orderbook.IOC},
		{Instrument: 1, Kind: codec.KindModify, Order: 7, Side: orderbook.Sell, Price: 245075, Qty: 30},
	} {
		if err := w.Write(&c); err != nil {
			fmt.Println(err)
		}
	}
	if err := w.Flush(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// seq,ts_ns,cmd,order_id,side,price,qty,symbol
	// 1,0,N,7,S,245075,100,RELIANCE-EQ
	// 2,0,A,8,B,245075,40,RELIANCE-EQ
	// 3,0,M,7,S,245075,30,RELIANCE-EQ
}
