/* The program: every command is a file core/app/command_*.c. */
#include "core/app/cli.h"

int main(int argc, char **argv)
{
  return tg_cli_main(argc, argv);
}
