package orderbook

// Order is an order as it is entered. The book copies what it needs; it keeps no pointer to it.
type Order struct {
	ID           OrderID     // number, unique among the live orders of this book
	Side         Side        //
	TIF          TimeInForce // whether what is left rests
	Market       bool        // trades at any price; in continuous trading it never rests, whatever the TIF
	CancelActive bool        // when it would trade with an order of its PAN, this order goes, not the resting one
	Price        Price       // limit, > 0; ignored with Market
	Trigger      Price       // of a stop-loss order, > 0: it waits until the last price reaches it; 0: none
	Qty          Qty         // > 0
	Disclosed    Qty         // what the market sees of it at a time when it rests; 0 or Qty: all; above Qty it is refused
	PAN          PAN         // whose orders it does not trade with
}

// Terms are what a modify changes of an order.
type Terms struct {
	TIF       TimeInForce
	Market    bool
	Price     Price // as in Order
	Trigger   Price // as in Order; only of an order that has not been triggered
	Qty       Qty   // what is to be left of the order, > 0
	Disclosed Qty   // as in Order; what it was, or Qty if that is less, is no change
}

// Fill is one trade of the incoming order with one resting order, at the resting order's price. With
// a Qty of 0 it is none: self-trade prevention has taken the maker out, with MakerLeft in it.
//
// A maker that shows only a part of itself comes again and again in one command; parts with nothing
// between them are one fill.
type Fill struct {
	Maker     OrderID //
	MakerSlot Slot    // where the maker rests, or rested until this call: nothing else takes the slot before the call returns
	Price     Price   // the maker's
	Qty       Qty     //
	MakerLeft Qty     // what the maker still has in the book, shown or not; 0: it is gone
}

// Gone reports whether the maker is no more in the book.
func (f *Fill) Gone() bool { return f.MakerLeft == 0 || f.Qty == 0 }

// Outcome says what was decided about a command.
type Outcome struct {
	Reject RejectReason // Accepted, or why nothing was done; then all else of the Result is zero
	Cause  Cause        // why something is in Cancelled, if the command did not ask for it
}

// Result is the outcome of one command. Of the quantity in an entry or modify,
// Resting + Cancelled + the quantities of the fills make up the whole.
//
// It has four fields, because the compiler keeps no larger struct in registers: a fifth would cost
// 3 ns in each caller.
type Result struct {
	Outcome
	Slot      Slot // where it rests or waits, NoSlot if it does not; of a Cancel or a Reduce to nothing: where it rested
	Resting   Qty  // what rests or waits now, shown or not
	Cancelled Qty  // what was taken away: the remainder that may not rest, the cancelled order, the reduction
}

// Refused returns the result of a command that was refused.
func Refused(reason RejectReason) Result { return Result{Outcome: Outcome{Reject: reason}} }

// Remainder returns the result of an order that came in and rests with nothing: left of it was cancelled
// because of cause.
func Remainder(left Qty, cause Cause) Result {
	return Result{Outcome: Outcome{Cause: cause}, Cancelled: left}
}

// RestingOrder is an order in the book, or one that waits for its trigger.
type RestingOrder struct {
	ID           OrderID
	Side         Side
	TIF          TimeInForce
	Market       bool  // collected for an auction, or waiting for its trigger, without a limit
	CancelActive bool  //
	Price        Price // limit; 0 with Market
	Trigger      Price // of an order that waits; else 0
	Qty          Qty   // what is left of it, shown or not
	Shown        Qty   // what the market sees of it; 0 of one that waits
	Disclosed    Qty   // size of its parts; 0: all is shown
	PAN          PAN
	Slot         Slot
}

// Level is what rests at one price of one side. The zero Level stands for an empty side.
type Level struct {
	Price  Price  // 0 with Orders > 0: market orders in an auction
	Qty    uint64 // sum over its orders of what they show: may exceed a Qty
	Orders uint32
}

// Triggered is a stop-loss order that has entered the market.
type Triggered struct {
	ID   OrderID
	Side Side
	Slot Slot // where it waited; it rests there too, if it rests
	Qty  Qty  // what it entered with
}

// Cross is one trade of a call auction: two resting orders at the equilibrium price.
type Cross struct {
	Buy, Sell         OrderID
	BuySlot, SellSlot Slot // as MakerSlot of a Fill
	Qty               Qty  // > 0
	BuyLeft, SellLeft Qty  // 0: gone
}

// Equilibrium is what a call auction would come to.
type Equilibrium struct {
	Price          Price  // 0: no price, nothing trades
	Volume         uint64 // what trades there
	Demand, Supply uint64 // what wants to buy and to sell there
}
