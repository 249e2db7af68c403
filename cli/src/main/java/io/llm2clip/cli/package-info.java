/** The command line: arguments, progress and reports on the terminal, exit codes; no logic of its own. */
@NullMarked
package io.llm2clip.cli;

import org.jspecify.annotations.NullMarked;
