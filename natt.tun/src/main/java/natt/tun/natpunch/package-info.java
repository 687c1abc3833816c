/// The wire of NATpunch.
package natt.tun.natpunch;
