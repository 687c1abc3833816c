/// What a WireGuard interface tells and is told.
package natt.wireguard.control;
