/** What reports are made of: one self-contained HTML page with a verdict, cards, tables, curves, searches with pictures, facts. */
@NullMarked
package io.llm2clip.report;

import org.jspecify.annotations.NullMarked;
