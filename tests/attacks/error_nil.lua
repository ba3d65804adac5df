-- expect: error raised nil -- an error without a message
error(nil)
