module tka.dev/lab/with-parent

go 1.26.6
