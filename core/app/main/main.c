/* The program; everything happens in tg_cli_main(). */
int main(void) { return 0; }
