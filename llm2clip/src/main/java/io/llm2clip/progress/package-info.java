/** How long work tells whoever started it where it stands; the command line draws bars from it, tests ignore it. */
@NullMarked
package io.llm2clip.progress;

import org.jspecify.annotations.NullMarked;
