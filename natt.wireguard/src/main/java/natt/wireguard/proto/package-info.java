/// Decisions, without sockets, threads or clocks.
package natt.wireguard.proto;
