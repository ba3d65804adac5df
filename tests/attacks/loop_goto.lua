-- expect: deadline -- an endless goto
::again::
goto again
