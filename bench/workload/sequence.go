package workload

import (
	"cmp"
	"slices"
)

// sequence yields one market after the other, each until it is done.
type sequence struct{ left []*market }

func (s *sequence) first() *market {
	for len(s.left) > 0 && s.left[0].next == never {
		s.left = s.left[1:]
	}
	if len(s.left) == 0 {
		return nil
	}
	return s.left[0]
}

func (s *sequence) moved() {}

// inNameOrder returns the markets as NSE's files have them, in the alphabet of their symbols.
func inNameOrder(markets []market) []*market {
	order := make([]*market, len(markets))
	for i := range markets {
		order[i] = &markets[i]
	}
	slices.SortFunc(order, func(a, b *market) int {
		return cmp.Compare(a.listing.symbol, b.listing.symbol)
	})
	return order
}
