package booktest

// auctionExamples are the rules of call auctions. A to E are the examples of the exchange and of our
// reference.
var auctionExamples = []example{
	{"A: the greatest volume", `
		auction
		buy 1 13500@103
		buy 2 9500@104
		buy 3 12000@105
		buy 4 6500@106
		buy 5 5000@107
		buy 6 4000@108
		sell 11 11500@103
		sell 12 9800@104
		sell 13 15000@105
		sell 14 12000@106
		sell 15 12500@107
		touch              => bid 4000@108, ask 11500@103
		equilibrium        => 27500 trade at 105; demand 27500, supply 36300
		uncross 105        => trades 6-11:4000 5-11:5000 4-11:2500 4-12:4000 3-12:5800 3-13:6200
		close 105          => turned 0
		orders             => bids 2:9500@104 1:13500@103; asks 13:8800@105 14:12000@106 15:12500@107`},
	{"B: the smaller imbalance", `
		auction
		buy 1 300@101
		buy 2 200@100
		sell 3 300@100
		sell 4 100@101
		equilibrium 100    => 300 trade at 101; demand 300, supply 400`},
	{"C: the closer to the reference", `
		auction
		buy 1 500@10200
		sell 2 500@10000
		equilibrium 10050  => 500 trade at 10000; demand 500, supply 500
		equilibrium 10180  => 500 trade at 10200; demand 500, supply 500
		equilibrium 10100  => 500 trade at 10100; demand 500, supply 500
		equilibrium 9000   => 500 trade at 10000; demand 500, supply 500
		equilibrium 99000  => 500 trade at 10200; demand 500, supply 500
		equilibrium        => 500 trade at 10000; demand 500, supply 500`},
	{"D: market orders only", `
		auction
		buy 1 100@market
		sell 2 60@market
		touch              => bid 100@market, ask 60@market
		equilibrium        => no price
		equilibrium 25000  => 60 trade at 25000; demand 100, supply 60
		uncross 25000      => trades 1-2:60
		close 25000        => turned 1
		orders             => bids 1:40@25000`},
	{"E: limit orders first", allocation + `
		uncross 101        => trades 1-11:50 1-12:50 1-10:20
		close 101          => turned 1
		orders             => asks 10:30@101`},
	{"E: market orders first", allocation + `
		uncross 101 market-first => trades 1-10:50 1-11:50 1-12:20
		close 101          => turned 0
		orders             => asks 12:30@101`},
	{"a few trades at a time", allocation + `
		room 1
		uncross 101        => trades 1-11:50
		uncross 101        => trades 1-12:50
		uncross 101        => trades 1-10:20
		uncross 101        => no trades
		close 101          => turned 1`},
	{"nothing trades", `
		auction
		equilibrium 100    => no price
		buy 1 10@99
		sell 2 10@101
		equilibrium 100    => no price
		buy 3 10@market
		equilibrium 100    => 10 trade at 101; demand 10, supply 10
		cancel 2           => cancelled 10
		equilibrium 100    => no price`},
	{"hidden quantity takes part, what stays shows a part again", `
		sell 1 100@100 dq 30
		auction
		buy 2 85@100
		equilibrium        => 85 trade at 100; demand 85, supply 100
		uncross 100        => trades 2-1:85
		orders             => asks 1:15@100
		buy 3 5@100
		uncross 100        => trades 3-1:5
		close 100          => turned 0
		orders             => asks 1:10@100`},
	{"a part that was traded in part is shown in full again", `
		sell 1 100@100 dq 30
		buy 8 20@100       => trades 1:20@100; nothing left
		orders             => asks 1:10+70@100
		auction
		buy 2 5@100
		uncross 100        => trades 2-1:5
		orders             => asks 1:30+45@100`},
	{"resting orders keep price and time", `
		buy 1 10@100
		buy 2 10@100
		auction
		buy 3 10@100
		sell 4 15@100
		uncross 100        => trades 1-4:10 2-4:5
		close 100          => turned 0
		orders             => bids 2:5@100 3:10@100`},
	{"market orders that are left take their place by time", `
		buy 7 10@100
		auction
		sell 9 20@100
		buy 1 20@100
		buy 2 30@market
		buy 3 10@100
		buy 4 30@market
		buy 5 10@101
		uncross 100        => trades 5-9:10 7-9:10
		close 100          => turned 2
		orders             => bids 1:20@100 2:30@100 3:10@100 4:30@100`},
	{"a modify that loses its place is a new arrival", `
		auction
		buy 1 30@market
		buy 2 10@100
		buy 3 30@market
		buy 4 10@100
		modify 1 31@market
		modify 2 10@101
		modify 2 10@100
		modify 3 29@market
		orders             => bids 3:29@market 1:31@market 4:10@100 2:10@100
		close 100          => turned 2
		orders             => bids 3:29@100 4:10@100 1:31@100 2:10@100`},
	{"what keeps its place in an auction", `
		sell 1 100@100 dq 30
		sell 2 100@100
		auction
		modify 1 100@100
		orders             => asks 1:100@100 2:100@100
		modify 1 99@100 gtc
		modify 1 99@100 dq 99
		orders             => asks 1:99@100 2:100@100
		modify 1 100@100
		orders             => asks 2:100@100 1:100@100
		modify 1 100@market
		modify 2 100@market
		modify 1 100@100
		orders             => asks 2:100@market 1:100@100`},
	{"a would-be self-trade cancels the order that comes, whatever its bit", `
		auction
		buy 1 10@100 pan 7
		sell 2 10@101 pan 7
		sell 3 10@100 pan 7 => cancelled 10; self-trade
		sell 3 10@99 pan 7 active => cancelled 10; self-trade
		sell 3 10@market pan 7 => cancelled 10; self-trade
		sell 3 10@100 pan 8
		buy 4 10@100 pan 7
		modify 4 10@101    => cancelled 10; self-trade
		cancel 4           => rejected: unknown_order
		orders             => bids 1:10@100; asks 3:10@100 2:10@101`},
	{"an order from before the auction counts", `
		buy 1 10@100 pan 7
		auction
		sell 2 10@100 pan 7 => cancelled 10; self-trade
		sell 2 10@101 pan 7
		orders             => bids 1:10@100; asks 2:10@101`},
	{"a market order reaches every own order", `
		auction
		buy 1 10@market pan 7
		sell 2 10@2147483647 pan 7 => cancelled 10; self-trade
		sell 2 10@market pan 7 => cancelled 10; self-trade
		orders             => bids 1:10@market`},
	{"what keeps its place is not checked again", `
		buy 1 10@100 pan 7
		auction
		sell 2 10@101 pan 7
		modify 1 9@100
		modify 2 9@101
		orders             => bids 1:9@100; asks 2:9@101`},
	{"after the auction the market goes on", `
		auction
		buy 1 10@100
		sell 2 10@102
		close 0            => turned 0
		sell 3 10@100      => trades 1:10@100; nothing left`},
	{"without an auction there is none to end", `
		buy 1 10@100 pan 7
		sell 2 10@101 pan 7
		close 100          => turned 0
		orders             => bids 1:10@100; asks 2:10@101
		uncross 100        => no trades
		auction
		buy 3 10@101 pan 7 => cancelled 10; self-trade
		close 0            => turned 0
		close 0            => turned 0`},
	{"reduce and cancel of a market order", `
		auction
		buy 1 10@market
		buy 2 10@market
		reduce 1 4         => cancelled 4; rests 6
		cancel 2           => cancelled 10
		orders             => bids 1:6@market`},
	{"an auction price is the last price", `
		last 90
		auction
		buy 1 10@100
		sell 2 10@100
		uncross 100        => trades 1-2:10
		close 100          => turned 0
		buy 3 10@110 stop 100 => rejected: trigger
		buy 3 10@110 stop 101`},
}

// allocation is the book of example E.
const allocation = `
		auction
		sell 10 50@market
		sell 11 50@100
		sell 12 50@101
		buy 1 120@102`

// massExamples are about cancelling many.
var massExamples = []example{
	{"the order of a mass cancel", massBook + `
		cancel-all         => cancelled 2:10 1:10 5:10 4:10 3:10 21:10 22:10 32:10 31:10 11:10 12:10
		orders             =>
		stops              =>
		cancel-all         => cancelled none`},
	{"of the buys", massBook + `
		cancel-all buy     => cancelled 2:10 1:10 5:10 21:10 22:10 11:10
		orders             => asks 4:10@104 3:10@105
		stops              => sells 32:10@90/95 31:10@90/94 12:10@80/100`},
	{"of the sells", massBook + `
		cancel-all sell    => cancelled 4:10 3:10 32:10 31:10 12:10
		orders             => bids 2:10@100 1:10@99 5:10@99
		stops              => buys 21:10@120/110 22:10@120/111 11:10@120/101`},
	{"in an auction", `
		auction
		buy 1 10@100
		buy 2 10@market
		sell 3 10@market
		sell 4 10@90
		cancel-all         => cancelled 2:10 1:10 3:10 4:10
		close 0            => turned 0`},
}

// massBook has orders everywhere; 11 and 12 are reached.
const massBook = `
		buy 11 10@120 stop 101
		sell 12 10@80 stop 100
		sell 8 1@101
		buy 9 1@101        => trades 8:1@101; nothing left
		buy 8 1@100
		sell 9 1@100       => trades 8:1@100; nothing left
		buy 1 10@99
		buy 2 10@100
		buy 5 10@99
		sell 3 10@105
		sell 4 10@104
		buy 22 10@120 stop 111
		buy 21 10@120 stop 110
		sell 31 10@90 stop 94
		sell 32 10@90 stop 95`
