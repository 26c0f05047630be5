package participant_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/tezi-exchange/tezi/codec"
	"github.com/tezi-exchange/tezi/orderbook"
)

// oracle writes the state files of all roles from nothing but the trades, as docs/formats/participant-files.md says,
// in numbers without bounds and without any order of its own.
type oracle struct {
	instruments map[uint32]codec.Instrument // their symbols differ
	trades      []codec.Trade
	marginBps   int64
	holidays    []string // yyyy-mm-dd
}

// sums of what is bought and sold.
type sums struct{ buyQty, buyValue, sellQty, sellValue big.Int }

func (s *sums) add(side orderbook.Side, t *codec.Trade) {
	value := new(big.Int).Mul(big.NewInt(int64(t.Price)), big.NewInt(int64(t.Qty)))
	if side == orderbook.Buy {
		s.buyQty.Add(&s.buyQty, big.NewInt(int64(t.Qty)))
		s.buyValue.Add(&s.buyValue, value)
	} else {
		s.sellQty.Add(&s.sellQty, big.NewInt(int64(t.Qty)))
		s.sellValue.Add(&s.sellValue, value)
	}
}

func minus(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }

func ten(n uint8) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// divide rounds a/by, not negative, up, or else to the nearest.
func divide(a, by *big.Int, up bool) *big.Int {
	a, by = new(big.Int).Mul(a, big.NewInt(2)), new(big.Int).Mul(by, big.NewInt(2))
	if up {
		a.Add(a, minus(by, big.NewInt(1)))
	} else {
		a.Add(a, new(big.Int).Rsh(by, 1))
	}
	return a.Div(a, by)
}

// paise of an amount in an instrument's units, rounded up.
func (o *oracle) paise(amount *big.Int, instrument uint32) *big.Int {
	amount = new(big.Int).Abs(amount)
	return divide(amount.Mul(amount, big.NewInt(100)), ten(o.instruments[instrument].PriceScale), true)
}

// decimal writes an amount with scale digits behind the point.
func decimal(v *big.Int, scale uint8) string {
	s := new(big.Rat).SetFrac(v, ten(scale))
	return s.FloatString(int(scale))
}

// sides calls fn for both parties of each trade.
func (o *oracle) sides(fn func(t *codec.Trade, side orderbook.Side, member uint16, client uint32)) {
	for i := range o.trades {
		t := &o.trades[i]
		maker := orderbook.Buy
		if t.TakerSide == orderbook.Buy {
			maker = orderbook.Sell
		}
		fn(t, t.TakerSide, t.TakerMember, t.TakerClient)
		fn(t, maker, t.MakerMember, t.MakerClient)
	}
}

// risk returns risk.csv and members.csv.
func (o *oracle) risk() (clients, members string) {
	type who struct {
		member uint16
		client uint32
	}
	positions, met := map[who]map[uint32]*sums{}, map[who]map[uint64]bool{}
	o.sides(func(t *codec.Trade, side orderbook.Side, member uint16, client uint32) {
		w := who{member, client}
		if positions[w] == nil {
			positions[w], met[w] = map[uint32]*sums{}, map[uint64]bool{}
		}
		if positions[w][t.Instrument] == nil {
			positions[w][t.Instrument] = &sums{}
		}
		positions[w][t.Instrument].add(side, t)
		met[w][t.No] = true
	})
	clients, members = "member,client,exposure,margin,buy_value,sell_value,trades\n", "member,exposure,margin,buy_value,sell_value,trades\n"
	order := slices.SortedFunc(maps.Keys(positions), func(a, b who) int {
		return cmp.Or(cmp.Compare(a.member, b.member), cmp.Compare(a.client, b.client))
	})
	total := [5]big.Int{}
	for i, w := range order {
		var line [5]big.Int // exposure, margin, bought, sold, trades
		for instrument, s := range positions[w] {
			line[0].Add(&line[0], o.paise(minus(&s.buyValue, &s.sellValue), instrument))
			line[2].Add(&line[2], o.paise(&s.buyValue, instrument))
			line[3].Add(&line[3], o.paise(&s.sellValue, instrument))
		}
		line[1].Set(divide(new(big.Int).Mul(&line[0], big.NewInt(o.marginBps)), big.NewInt(10_000), true))
		line[4].SetInt64(int64(len(met[w])))
		clients += fmt.Sprintf("%d,%d,%s\n", w.member, w.client, fields(&line))
		if i == 0 || order[i-1].member != w.member {
			total = [5]big.Int{}
		}
		for k := range line {
			total[k].Add(&total[k], &line[k])
		}
		if i == len(order)-1 || order[i+1].member != w.member {
			members += fmt.Sprintf("%d,%s\n", w.member, fields(&total))
		}
	}
	return clients, members
}

func fields(line *[5]big.Int) string {
	var list []string
	for k := range line {
		list = append(list, line[k].String())
	}
	return strings.Join(list, ",")
}

// date is the day in India.
func date(timeNs int64) string {
	return time.Unix(0, timeNs).UTC().Add(5*time.Hour + 30*time.Minute).Format(time.DateOnly)
}

// settles is T+1.
func (o *oracle) settles(day string) string {
	for t, _ := time.Parse(time.DateOnly, day); ; {
		t = t.AddDate(0, 0, 1)
		if s := t.Format(time.DateOnly); t.Weekday() != time.Saturday && t.Weekday() != time.Sunday && !slices.Contains(o.holidays, s) {
			return s
		}
	}
}

// settlement returns settlement.csv.
func (o *oracle) settlement() string {
	type who struct {
		day, symbol string
		member      uint16
		instrument  uint32
	}
	all := map[who]*sums{}
	o.sides(func(t *codec.Trade, side orderbook.Side, member uint16, _ uint32) {
		i := o.instruments[t.Instrument]
		w := who{date(t.TimeNs), i.SymbolString(), member, t.Instrument}
		if all[w] == nil {
			all[w] = &sums{}
		}
		all[w].add(side, t)
	})
	out := "trade_date,settlement_date,member,symbol,series,class,expiry,strike,option,buy_qty,buy_value,sell_qty,sell_value,net_qty,net_value\n"
	for _, w := range slices.SortedFunc(maps.Keys(all), func(a, b who) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.member, b.member), cmp.Compare(a.symbol, b.symbol))
	}) {
		s, i := all[w], o.instruments[w.instrument]
		money := func(v *big.Int) string { return decimal(v, i.PriceScale) }
		expiry, strike := "", ""
		if i.Expiry > 0 {
			expiry, strike = fmt.Sprint(i.Expiry), money(big.NewInt(int64(i.Strike)))
		}
		out += fmt.Sprintf("%s,%s,%d,%s,%s,%s,%s,%s,%s,%v,%s,%v,%s,%v,%s\n", w.day, o.settles(w.day), w.member,
			i.SymbolString(), i.SeriesString(), i.ClassString(), expiry, strike, i.OptionString(),
			&s.buyQty, money(&s.buyValue), &s.sellQty, money(&s.sellValue), minus(&s.buyQty, &s.sellQty), money(minus(&s.buyValue, &s.sellValue)))
	}
	return out
}

// bhavcopies returns bhavcopy.csv and bhavcopy_fo.csv, which is empty if it is not written.
func (o *oracle) bhavcopies() (capital, derivatives string) {
	type what struct {
		day, symbol string
		instrument  uint32
	}
	days := map[what][]*codec.Trade{}
	for k := range o.trades {
		t := &o.trades[k]
		i := o.instruments[t.Instrument]
		w := what{date(t.TimeNs), i.SymbolString(), t.Instrument}
		days[w] = append(days[w], t)
	}
	capital = "SYMBOL,SERIES,DATE1,OPEN_PRICE,HIGH_PRICE,LOW_PRICE,LAST_PRICE,CLOSE_PRICE,AVG_PRICE,TTL_TRD_QNTY,TURNOVER_LACS,NO_OF_TRADES\n"
	for _, w := range slices.SortedFunc(maps.Keys(days), func(a, b what) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.symbol, b.symbol))
	}) {
		i, of := o.instruments[w.instrument], days[w]
		byPrice := func(a, b *codec.Trade) int { return cmp.Compare(a.Price, b.Price) }
		price := func(t *codec.Trade) string { return decimal(big.NewInt(int64(t.Price)), i.PriceScale) }
		first, last, low, high := price(of[0]), price(of[len(of)-1]), price(slices.MinFunc(of, byPrice)), price(slices.MaxFunc(of, byPrice))
		var s sums
		for _, t := range of {
			s.add(orderbook.Buy, t)
		}
		if i.Expiry == 0 {
			day, _ := time.Parse(time.DateOnly, w.day)
			average := divide(&s.buyValue, &s.buyQty, false)
			lakhs := divide(new(big.Int).Mul(&s.buyValue, big.NewInt(100)), new(big.Int).Mul(ten(i.PriceScale), big.NewInt(100_000)), false)
			capital += fmt.Sprintf("%s,%s,%s,%s,%s,%s,%s,%s,%s,%v,%s,%d\n", w.symbol, i.SeriesString(), day.Format("02-Jan-2006"),
				first, high, low, last, last, decimal(average, i.PriceScale), &s.buyQty, decimal(lakhs, 2), len(of))
			continue
		}
		kind := map[string]string{"FUTSTK": "STF", "FUTIDX": "IDF", "OPTSTK": "STO", "OPTIDX": "IDO"}[i.ClassString()]
		e := fmt.Sprint(i.Expiry)
		derivatives += fmt.Sprintf("%s,%s,%s,%s-%s-%s,%s,%s,%s,%s,%s,%s,%s,%v,%s,%d\n", w.day, kind, w.symbol, e[:4], e[4:6], e[6:],
			decimal(big.NewInt(int64(i.Strike)), i.PriceScale), i.OptionString(), first, high, low, last, last, &s.buyQty, decimal(&s.buyValue, i.PriceScale), len(of))
	}
	if derivatives != "" {
		derivatives = "TradDt,FinInstrmTp,TckrSymb,XpryDt,StrkPric,OptnTp,OpnPric,HghPric,LwPric,ClsPric,LastPric,TtlTradgVol,TtlTrfVal,TtlNbOfTxsExctd\n" + derivatives
	}
	return capital, derivatives
}
