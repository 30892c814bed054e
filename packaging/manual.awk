# Turns the help of one command into a part of the manual page. -v name='pyro run'; the program's own
# help, name=pyro, gives the sections OPTIONS and EXAMPLES.

function troff(text) {
  gsub(/\\/, "\\e", text)
  gsub(/-/, "\\-", text)
  gsub(/'/, "\\(aq", text)
  sub(/^\./, "\\\\\\&.", text)
  return text
}

function flush() {
  if (entry != "") printf ".TP\n\\fB%s\\fR\n%s\n", troff(entry), troff(meaning)
  entry = meaning = ""
  if (literal) print ".fi\n.RE"
  literal = 0
}

BEGIN {
  top = name == "pyro"
  column = 30
}

/^Usage: / {
  usage = substr($0, 8)
  if (!top) printf ".SS %s\n%s\n", troff(usage), troff(about)
  started = 1
  next
}
!started { about = about (about == "" ? "" : " ") $0; next }

/^[A-Z][a-z]+:$/ {
  flush()
  part = substr($0, 1, length($0) - 1)
  # Each command has a place of its own in the manual.
  skip = part == "Subcommands"
  if (top && !skip) printf ".SH %s\n", toupper(part)
  if (!top && part == "Examples") print ".PP\nExamples:"
  if (part == "Examples") {
    print ".RS 4\n.nf"
    literal = 1
  }
  next
}
skip && /^ / { next }
/^$/ { flush(); skip = running = 0; next }

literal { print troff(substr($0, 3)); next }

# The help of help is in OPTIONS, once.
/^  -h,--help/ && !top { next }
/^  [^ ]/ {
  flush()
  if (length($0) < column || substr($0, column, 1) == " ") {
    entry = substr($0, 3, column - 3)
    meaning = substr($0, column + 1)
    sub(/ +$/, "", entry)
  } else entry = substr($0, 3)
  next
}
/^ / && entry != "" { sub(/^ +/, ""); meaning = meaning (meaning == "" ? "" : " ") $0; next }
/^[^ ]/ {
  flush()
  if (!running) print ".PP"
  running = 1
  print troff($0)
}
END { flush() }
