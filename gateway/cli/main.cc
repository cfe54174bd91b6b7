#include "gateway/cli/app.h"

int main(int argc, char** argv) { return gateway::cli::Run(argc, argv); }
