package io.llm2clip.demo.scenes;

import static io.llm2clip.demo.scenes.Shapes.circle;

import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.Shape;
import java.awt.geom.Rectangle2D;

/** Paints the sky, the sun or moon, and the clouds, in pixels of 128. */
final class SkyPainter {
    private static final int SKY_HEIGHT = 72;
    private static final Color GREY = new Color(168, 174, 184);

    private final Graphics2D graphics;
    private final Scene scene;
    private final SceneRandom random;

    SkyPainter(Graphics2D graphics, Scene scene) {
        this.graphics = graphics;
        this.scene = scene;
        this.random = scene.random(Purpose.SKY);
    }

    void paint() {
        boolean dull = scene.weather() == Weather.RAIN || scene.weather() == Weather.FOG;
        double grey = dull ? 0.45 : 0;
        Color target = scene.light() == Light.NIGHT ? new Color(70, 74, 90) : GREY;
        graphics.setPaint(new GradientPaint(
                0,
                0,
                ObjectPainter.mixed(top(scene.light()), target, grey),
                0,
                SKY_HEIGHT,
                ObjectPainter.mixed(bottom(scene.light()), target, grey)));
        graphics.fill(new Rectangle2D.Double(0, 0, SceneRenderer.UNITS, SKY_HEIGHT));
        if (scene.light() == Light.NIGHT && scene.weather() != Weather.FOG) {
            paintStars();
        }
        Orb orb = scene.orb();
        if (orb != null) {
            paintOrb(orb);
        }
        if (scene.weather() == Weather.CLOUDS) {
            paintClouds();
        }
    }

    private static Color top(Light light) {
        return switch (light) {
            case DAWN -> new Color(250, 190, 170);
            case NOON -> new Color(92, 170, 240);
            case SUNSET -> new Color(110, 70, 140);
            case NIGHT -> new Color(14, 20, 56);
        };
    }

    private static Color bottom(Light light) {
        return switch (light) {
            case DAWN -> new Color(255, 232, 200);
            case NOON -> new Color(200, 232, 252);
            case SUNSET -> new Color(250, 150, 80);
            case NIGHT -> new Color(46, 58, 110);
        };
    }

    private void paintStars() {
        graphics.setColor(new Color(255, 255, 235, 220));
        for (int i = 0; i < 22; i++) {
            double radius = random.uniform(0.45, 0.95);
            graphics.fill(circle(random.uniform(2, 126), random.uniform(2, 58), radius));
        }
    }

    private void paintOrb(Orb orb) {
        double x = orb.place().x() + random.uniform(-3, 3);
        double y = random.uniform(15, 21);
        switch (orb.kind()) {
            case SUN -> {
                Color colour = switch (scene.light()) {
                    case SUNSET -> new Color(255, 120, 56);
                    case DAWN -> new Color(255, 214, 120);
                    default -> new Color(255, 224, 92);
                };
                glow(x, y, 17, colour);
                graphics.setColor(colour);
                graphics.fill(circle(x, y, 10.5));
                graphics.setColor(new Color(255, 255, 255, 60));
                graphics.fill(circle(x - 1.5, y - 1.5, 7));
            }
            case FULL_MOON -> {
                Color colour = new Color(246, 242, 220);
                glow(x, y, 15, colour);
                graphics.setColor(colour);
                graphics.fill(circle(x, y, 10));
                graphics.setColor(new Color(206, 204, 190));
                graphics.fill(circle(x - 3.5, y - 2.5, 2.2));
                graphics.fill(circle(x + 3, y + 2.5, 2.8));
                graphics.fill(circle(x + 2.5, y - 4.5, 1.4));
            }
            case CRESCENT -> {
                Color colour = new Color(250, 240, 190);
                glow(x, y, 14, colour);
                graphics.setColor(colour);
                graphics.fill(Shapes.difference(circle(x, y, 10), circle(x + 5.5, y - 3, 8.8)));
            }
        }
    }

    private void glow(double x, double y, double radius, Color colour) {
        graphics.setColor(new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), 46));
        graphics.fill(circle(x, y, radius));
        graphics.fill(circle(x, y, 0.8 * radius));
    }

    private void paintClouds() {
        Color base = switch (scene.light()) {
            case DAWN -> new Color(255, 244, 238, 235);
            case NOON -> new Color(255, 255, 255, 238);
            case SUNSET -> new Color(255, 222, 200, 235);
            case NIGHT -> new Color(150, 158, 186, 225);
        };
        for (int i = 0; i < 3; i++) {
            double x = 14 + 42 * i + random.uniform(-6, 14);
            double y = random.uniform(10, 34);
            double size = random.uniform(6.5, 9.5);
            Shape shade = puffs(x, y + 1.6, size);
            graphics.setColor(new Color(90, 100, 130, 60));
            graphics.fill(shade);
            graphics.setColor(base);
            graphics.fill(puffs(x, y, size));
        }
    }

    private static Shape puffs(double x, double y, double size) {
        return Shapes.union(
                circle(x, y - 0.35 * size, 0.75 * size),
                circle(x - 0.85 * size, y, 0.55 * size),
                circle(x + 0.85 * size, y - 0.05 * size, 0.6 * size),
                Shapes.rounded(x - 1.5 * size, y, x + 1.5 * size, y + 0.62 * size, 0.31 * size));
    }
}
