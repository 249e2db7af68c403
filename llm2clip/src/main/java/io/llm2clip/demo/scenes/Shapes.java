package io.llm2clip.demo.scenes;

import java.awt.BasicStroke;
import java.awt.Shape;
import java.awt.geom.Area;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;

/** Short names for the outlines that figures are made of. */
final class Shapes {
    private Shapes() {}

    /** A closed polygon through x0, y0, x1, y1, ... */
    static Shape polygon(double... coordinates) {
        Path2D path = new Path2D.Double();
        path.moveTo(coordinates[0], coordinates[1]);
        for (int i = 2; i < coordinates.length; i += 2) {
            path.lineTo(coordinates[i], coordinates[i + 1]);
        }
        path.closePath();
        return path;
    }

    /** A closed path from x0, y0 along cubic segments of six coordinates each. */
    static Shape curved(double... coordinates) {
        Path2D path = cubics(coordinates);
        path.closePath();
        return path;
    }

    /** An open cubic curve drawn with a pen of the given width. */
    static Shape drawn(double width, double... coordinates) {
        return pen(width).createStrokedShape(cubics(coordinates));
    }

    /** A straight line drawn with a pen of the given width. */
    static Shape line(double width, double x0, double y0, double x1, double y1) {
        return pen(width).createStrokedShape(new Line2D.Double(x0, y0, x1, y1));
    }

    static Shape circle(double x, double y, double radius) {
        return new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius);
    }

    static Shape ellipse(double x, double y, double radiusX, double radiusY) {
        return new Ellipse2D.Double(x - radiusX, y - radiusY, 2 * radiusX, 2 * radiusY);
    }

    static Shape box(double x0, double y0, double x1, double y1) {
        return new Rectangle2D.Double(x0, y0, x1 - x0, y1 - y0);
    }

    static Shape rounded(double x0, double y0, double x1, double y1, double radius) {
        return new RoundRectangle2D.Double(x0, y0, x1 - x0, y1 - y0, 2 * radius, 2 * radius);
    }

    static Shape union(Shape... shapes) {
        Area area = new Area();
        for (Shape shape : shapes) {
            area.add(new Area(shape));
        }
        return area;
    }

    static Shape difference(Shape shape, Shape hole) {
        Area area = new Area(shape);
        area.subtract(new Area(hole));
        return area;
    }

    private static BasicStroke pen(double width) {
        return new BasicStroke((float) width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
    }

    private static Path2D cubics(double... coordinates) {
        Path2D path = new Path2D.Double();
        path.moveTo(coordinates[0], coordinates[1]);
        for (int i = 2; i < coordinates.length; i += 6) {
            path.curveTo(
                    coordinates[i],
                    coordinates[i + 1],
                    coordinates[i + 2],
                    coordinates[i + 3],
                    coordinates[i + 4],
                    coordinates[i + 5]);
        }
        return path;
    }
}
