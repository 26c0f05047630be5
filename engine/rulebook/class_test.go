package rulebook

import (
	"testing"

	"github.com/tezi-exchange/tezi/codec"
)

func instrument(segment codec.Segment, class, symbol string) *codec.Instrument {
	i := &codec.Instrument{Segment: segment, Instrument: 7, Tick: 5}
	copy(i.Class[:], class)
	copy(i.Symbol[:], symbol)
	return i
}

func TestClassOf(t *testing.T) {
	for _, c := range []struct {
		segment codec.Segment
		class   string
		want    Class
		name    string
	}{
		{codec.SegmentCapital, "", ClassCash, "cash"},
		{codec.SegmentDerivatives, "FUTIDX", ClassIndexFuture, "index_future"},
		{codec.SegmentDerivatives, "FUTSTK", ClassStockFuture, "stock_future"},
		{codec.SegmentDerivatives, "OPTIDX", ClassIndexOption, "index_option"},
		{codec.SegmentDerivatives, "OPTSTK", ClassStockOption, "stock_option"},
		{codec.SegmentDerivatives, "FUTCUR", ClassOther, "other"},
		{codec.SegmentOther, "FUTIDX", ClassOther, "other"},
		{0, "", ClassOther, "other"},
	} {
		got := ClassOf(instrument(c.segment, c.class, "X"))
		if got != c.want || got.String() != c.name {
			t.Errorf("ClassOf(%d, %q) = %v, want %v", c.segment, c.class, got, c.want)
		}
	}
	if got := classCount.String(); got != "unknown" {
		t.Errorf("a class that is none is called %q", got)
	}
}
