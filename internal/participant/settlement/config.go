package settlement

import "github.com/tezi-exchange/tezi/internal/participant/ledger"

// Config of settlement. The zero Config is good.
type Config struct {
	// Holidays are the days without settlement other than weekends. The exchange announces them
	// year by year, so they are configuration.
	Holidays []ledger.Date
}
