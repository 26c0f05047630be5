package nse_test

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/codec/nse"
)

func ExampleReader() {
	file := "RMCASH110000000001234587014847291575B1bbRELIANCEEQ00000000000002500024507500000000NNN13\n" +
		"RMCASH110000000001234587014847291591B4bbRELIANCEEQ00000000000001000024507500000000NNN13\n"
	layout, _ := nse.Recognize([]byte(file))
	r := nse.NewReader(strings.NewReader(file), layout, nse.Options{})
	var c codec.Command
	for {
		err := r.Next(&c)
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(err)
			continue
		}
		if c.Kind == codec.KindDefine {
			in := c.AsInstrument()
			fmt.Printf("instrument %d is %s\n", in.Instrument, in.Name())
			continue
		}
		fmt.Printf("%s: %s %d at %s\n", time.Unix(0, c.TimeNs).UTC().Format("2006-01-02 15:04:05.000000"), c.Side, c.Qty, codec.FormatPrice(int64(c.Price), 2))
	}
	// Output:
	// instrument 1 is RELIANCE-EQ
	// 2022-01-27 03:30:00.127792: buy 250 at 2450.75
	// 2022-01-27 03:30:00.128036: buy 100 at 2450.75
}
