-- expect: error raised a function -- an error object that is a function
error(print)
