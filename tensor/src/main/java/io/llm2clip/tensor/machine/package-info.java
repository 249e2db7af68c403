/**
 * What this machine has to compute with: its processor and the threads there, the devices that TornadoVM reaches, and how a JVM is
 * started for them.
 */
@NullMarked
package io.llm2clip.tensor.machine;

import org.jspecify.annotations.NullMarked;
