-- expect: error 'package' is not available -- the loader
package.loadlib("libc.so.6", "system")
