-- expect: error raised a table without a message -- an error object that is a table
error({ code = 7 })
