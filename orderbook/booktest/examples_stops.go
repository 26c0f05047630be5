package booktest

// stopExamples are the rules of stop-loss orders.
var stopExamples = []example{
	{"the nearest trigger enters first", `
		last 10000
		buy 1 10@9900
		buy 2 200@9850
		sell 3 50@9800 stop 9900
		sell 4 50@9900 stop 9950
		stops              => sells 4:50@9900/9950 3:50@9800/9900
		orders             => bids 1:10@9900 2:200@9850
		sell 9 10@market   => trades 1:10@9900; nothing left
		triggers           => sell 4 enters with 50: rests 50 | sell 3 enters with 50: trades 2:50@9850; nothing left | none
		orders             => bids 2:150@9850; asks 4:50@9900`},
	{"with the same trigger the first enters first", `
		buy 2 10@110 stop 105
		buy 1 10@110 stop 105
		buy 3 10@110 stop 104
		sell 8 1@105
		buy 9 1@105        => trades 8:1@105; nothing left
		stops              => buys 3:10@110/104 2:10@110/105 1:10@110/105
		triggers           => buy 3 enters with 10: rests 10 | buy 2 enters with 10: rests 10 | buy 1 enters with 10: rests 10 | none
		orders             => bids 3:10@110 2:10@110 1:10@110`},
	{"not reached by one tick", `
		last 100
		buy 1 10@110 stop 105
		sell 2 10@90 stop 95
		sell 8 1@104
		buy 9 1@104        => trades 8:1@104; nothing left
		buy 8 1@96
		sell 9 1@96        => trades 8:1@96; nothing left
		triggers           => none
		stops              => buys 1:10@110/105; sells 2:10@90/95`},
	{"what a triggered order trades reaches others", `
		last 100
		sell 1 10@101
		sell 2 10@102
		sell 3 10@103
		buy 11 10@102 stop 101
		buy 12 10@103 stop 102
		buy 13 10@market stop 103
		buy 9 10@101       => trades 1:10@101; nothing left
		stops              => buys 12:10@103/102 13:10@market/103 11:10@102/101
		triggers           => buy 11 enters with 10: trades 2:10@102; nothing left | buy 12 enters with 10: trades 3:10@103; nothing left | buy 13 enters with 10: cancelled 10 | none
		stops              =>`},
	{"those that a triggered order reaches wait for those before", `
		last 100
		sell 1 10@101
		sell 2 10@105
		buy 11 10@105 stop 101
		buy 12 10@101 stop 101
		buy 13 10@106 stop 104
		buy 9 10@101       => trades 1:10@101; nothing left
		trigger            => buy 11 enters with 10: trades 2:10@105; nothing left
		stops              => buys 12:10@101/101 13:10@106/104
		triggers           => buy 12 enters with 10: rests 10 | buy 13 enters with 10: rests 10 | none`},
	{"a sweep reaches sells and then buys", `
		last 100
		sell 1 10@99
		sell 2 10@101
		sell 11 10@90 stop 99
		buy 12 10@110 stop 101
		buy 9 20@101       => trades 1:10@99 2:10@101; nothing left
		triggers           => sell 11 enters with 10: rests 10 | buy 12 enters with 10: trades 11:10@90; nothing left | none`},
	{"one price reaches buys before sells", `
		sell 11 10@90 stop 101
		buy 12 10@85 stop 80
		buy 13 10@80 stop 79
		sell 1 10@100
		buy 9 10@100       => trades 1:10@100; nothing left
		triggers           => buy 13 enters with 10: rests 10 | buy 12 enters with 10: rests 10 | sell 11 enters with 10: rests 10 | none
		orders             => bids 12:10@85 13:10@80; asks 11:10@90`},
	{"an order on its way", `
		buy 1 10@110 stop 105
		buy 2 10@110 stop 105
		buy 3 10@110 stop 105
		buy 4 10@110 stop 105
		sell 8 1@106
		buy 9 1@106        => trades 8:1@106; nothing left
		modify 1 10@110 stop 107 => rejected: trigger
		modify 1 10@110    => rejected: trigger
		reduce 1 4         => cancelled 4; rests 6
		cancel 2           => cancelled 10
		reduce 3 10        => cancelled 10
		buy 4 10@110       => rejected: duplicate_order
		stops              => buys 1:6@110/105 4:10@110/105
		triggers           => buy 1 enters with 6: rests 6 | buy 4 enters with 10: rests 10 | none
		modify 1 5@110
		orders             => bids 1:5@110 4:10@110`},
	{"an order enters as it was entered", `
		last 100
		sell 1 100@111 dq 30 pan 7
		buy 2 100@111 stop 105 gtc dq 20 pan 7 active
		buy 3 100@111 stop 105 dq 20 pan 7
		sell 8 1@105
		buy 9 1@105        => trades 8:1@105; nothing left
		triggers           => buy 2 enters with 100: cancelled 100; self-trade | buy 3 enters with 100: trades 1:out(100); rests 100 | none
		orders             => bids 3:20+80@111`},
	{"a stop-loss order needs no room for what it trades, and gets none", `
		buy 1 100@111 stop 105
		sell 2 1@105
		sell 3 10@110
		sell 4 10@111
		buy 9 1@105        => trades 2:1@105; nothing left
		room 1
		trigger            => buy 1 enters with 100: trades 3:10@110; cancelled 90; fill limit
		stops              =>
		orders             => asks 4:10@111`},
	{"held orders are triggered by hand", `
		last 100
		hold on
		buy 1 10@110 stop 105
		buy 2 10@110 stop 106
		buy 3 10@110 stop 90
		sell 8 1@108
		buy 9 1@108        => trades 8:1@108; nothing left
		triggers           => none
		stops              => buys 3:10@110/90 1:10@110/105 2:10@110/106
		activate 2         => buy 2 enters with 10: rests 10
		activate 2         => rejected: unknown_order
		hold off
		triggers           => none
		sell 9 1@110       => trades 2:1@110; nothing left
		triggers           => buy 3 enters with 10: rests 10 | buy 1 enters with 10: rests 10 | none`},
	{"an order on its way is triggered by hand out of turn", `
		buy 1 10@110 stop 105
		buy 2 10@110 stop 105
		sell 8 1@105
		buy 9 1@105        => trades 8:1@105; nothing left
		activate 2         => buy 2 enters with 10: rests 10
		triggers           => buy 1 enters with 10: rests 10 | none
		orders             => bids 2:10@110 1:10@110`},
	{"a last price that is set reaches nothing", `
		last 100
		buy 1 10@110 stop 105
		last 200
		triggers           => none
		buy 2 10@110 stop 105 => rejected: trigger
		last 100
		buy 2 10@110 stop 105
		stops              => buys 1:10@110/105 2:10@110/105`},
	{"a last price below 0 is none", `
		last 100
		last -5
		buy 1 10@110 stop 90
		sell 2 10@90 stop 100
		sell 3 10@market stop 1
		stops              => buys 1:10@110/90; sells 2:10@90/100 3:10@market/1`},
	{"an order that self-trade prevention takes out is no trade", `
		last 100
		buy 1 10@110 stop 105
		sell 2 10@105 pan 7
		buy 9 10@105 pan 7 => trades 2:out(10); rests 10
		triggers           => none`},
	{"an auction price reaches, and those wait for its end", `
		last 100
		buy 1 10@110 stop 105
		sell 2 10@90 stop 95
		auction
		buy 3 10@106
		sell 4 10@106
		uncross 106        => trades 3-4:10
		trigger            => none
		close 106          => turned 0
		triggers           => buy 1 enters with 10: rests 10 | none
		stops              => sells 2:10@90/95`},
	{"an order that was reached before an auction waits for its end", `
		buy 1 10@110 stop 105
		sell 8 1@105
		buy 9 1@105        => trades 8:1@105; nothing left
		auction
		triggers           => none
		activate 1         => rejected: session
		reduce 1 1         => cancelled 1; rests 9
		close 0            => turned 0
		triggers           => buy 1 enters with 9: rests 9 | none`},
}

// selfTradeExamples are the rules of self-trade prevention in continuous trading.
var selfTradeExamples = []example{
	{"the resting order goes, and the sweep goes on", `
		sell 1 10@100
		sell 2 10@100 pan 7
		sell 3 10@101 pan 8
		buy 9 25@101 pan 7 => trades 1:10@100 2:out(10) 3:10@101; rests 5
		orders             => bids 9:5@101`},
	{"all of the resting order goes, shown or not", `
		sell 1 100@100 dq 10 pan 7
		buy 9 25@101 pan 7 => trades 1:out(100); rests 25`},
	{"what was traded stands, and the active order goes", `
		sell 1 10@100
		sell 2 10@100 pan 7
		sell 3 10@100
		buy 9 25@100 pan 7 active => trades 1:10@100; cancelled 15; self-trade
		orders             => asks 2:10@100 3:10@100`},
	{"an active market order", `
		sell 2 10@100 pan 7
		buy 9 25@market pan 7 active => cancelled 25; self-trade`},
	{"the bit of the resting order does not matter", `
		sell 2 10@100 pan 7 active
		buy 9 25@100 pan 7 => trades 2:out(10); rests 25`},
	{"an order that is filled before meets nobody", `
		sell 1 10@100
		sell 2 10@100 pan 7
		buy 9 10@100 pan 7 => trades 1:10@100; nothing left
		orders             => asks 2:10@100`},
	{"without a PAN nobody is the same", `
		sell 1 10@100
		buy 9 10@100 active => trades 1:10@100; nothing left`},
	{"to take an order out needs room, to go does not", `
		sell 1 10@100 pan 7
		room 0
		buy 9 5@100 pan 7  => cancelled 5; fill limit
		buy 9 5@100 pan 7 active => cancelled 5; self-trade
		orders             => asks 1:10@100`},
	{"a part between own orders is not merged", `
		sell 1 30@100 dq 10
		sell 2 10@100 pan 7
		buy 9 20@100 pan 7 => trades 1:10@100 2:out(10) 1:10@100; nothing left
		orders             => asks 1:10@100`},
	{"a modify keeps the PAN and the bit", `
		sell 1 10@101 pan 7
		buy 2 10@100 pan 7 active
		modify 2 10@101    => cancelled 10; self-trade
		buy 3 10@100 pan 7
		modify 3 10@101    => trades 1:out(10); rests 10`},
}
