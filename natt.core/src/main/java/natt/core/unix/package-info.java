/// System calls of Linux, and files of packets: the only place of foreign functions.
package natt.core.unix;
