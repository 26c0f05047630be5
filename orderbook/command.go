package orderbook

// Order is an order as it is entered. The book copies what it needs; it keeps no pointer to it.
type Order struct {
	ID     OrderID     // number, unique among the live orders of this book
	Side   Side        //
	TIF    TimeInForce // Day rests what is left, IOC cancels it
	Market bool        // trades at any price and never rests, whatever the TIF
	Price  Price       // limit, > 0; ignored with Market
	Qty    Qty         // > 0
}

// check returns what is wrong with the order itself, whatever the book holds.
func (o *Order) check() RejectReason {
	if !o.Side.Valid() {
		return RejectSide
	}
	return checkTerms(o.Market, o.TIF, o.Price, o.Qty)
}

// checkTerms checks the part that entry and modify have in common.
func checkTerms(market bool, tif TimeInForce, price Price, qty Qty) RejectReason {
	switch {
	case qty == 0:
		return RejectQuantity
	case price <= 0 && !market:
		return RejectPrice
	case tif > IOC:
		return RejectCommand
	}
	return Accepted
}

// Fill is one trade of the incoming order with one resting order, at the resting order's price.
type Fill struct {
	Maker     OrderID //
	MakerSlot Slot    // where the maker rests, or rested until this call: nothing else takes the slot before the call returns
	Price     Price   // the maker's
	Qty       Qty     // > 0
	MakerLeft Qty     // what the maker still has in the book; 0: it is gone
}

// Result is the outcome of one command. Of the quantity in an entry or modify,
// Resting + Cancelled + the quantities of the fills make up the whole.
type Result struct {
	Reject    RejectReason // Accepted, or why nothing was done; then all else is zero
	Resting   Qty          // what rests now
	Slot      Slot         // where it rests, NoSlot if it does not; of a Cancel or a Reduce to nothing: where it rested
	Cancelled Qty          // what was taken away: the remainder that may not rest, the cancelled order, the reduction
	FillLimit bool         // matching stopped because the caller's fills were full; the remainder is in Cancelled
}

// RestingOrder is an order in the book.
type RestingOrder struct {
	ID    OrderID
	Side  Side
	Price Price
	Qty   Qty // what is left of it
	Slot  Slot
}

// Level is what rests at one price of one side. The zero Level stands for an empty side.
type Level struct {
	Price  Price
	Qty    uint64 // sum over its orders: may exceed a Qty
	Orders uint32
}
