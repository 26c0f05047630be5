package commit

import (
	"github.com/tezi-exchange/tezi/bench"
)

// AddTo adds the result to a record, with what it is compared to.
func (r *Result) AddTo(rec *bench.Record) {
	res := rec.Add("Commit",
		bench.P("protocol", r.Protocol), bench.P("transport", r.Transport), bench.P("durable", r.Durable),
		bench.P("participants", r.Participants), bench.P("window", r.Window), bench.P("trades", r.Trades), bench.P("rate", bench.RateText(r.Rate)))
	if c := r.Catchup; c != nil {
		res.Name = "Catchup"
		res.Measure("behind-trades", float64(c.Behind))
		res.Measure("start-s", c.StartS)
		res.Measure("level-s", c.LevelS)
		res.Measure("member-s", c.MemberS)
		res.Measure("others-trades/s", c.Others)
		res.Measure("away-p50-µs", float64(c.Away.P50)/1e3)
		res.Measure("away-p99-µs", float64(c.Away.P99)/1e3)
		res.Measure("lagging-p50-µs", float64(c.Lagging.P50)/1e3)
		res.Measure("lagging-p99-µs", float64(c.Lagging.P99)/1e3)
	}
	res.Measure("trades/s", r.TradesPerS)
	res.Measure("cpu-ns/trade", r.CPUPerTrade)
	res.Measure("syncs/s", r.SyncsPerS)
	res.Measure("mallocs/batch", r.Mallocs)
	if r.Floor != nil {
		res.Measure("of-floor", r.RateRatio())
		if r.Window == 1 { // what queues behind others has no floor
			res.Measure("x-floor", r.DecisionRatio())
			res.Measure("x-floor-p99", r.TailRatio())
		}
	}
	res.Time("decision", r.latency, r.Decision.OutOfRange)
	rec.Refuse(r.refused...)
}
