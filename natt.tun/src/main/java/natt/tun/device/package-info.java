/// TUN devices of Linux.
package natt.tun.device;
