"""``dualapp --app shop fill``: rows to measure with, in an empty database."""

from __future__ import annotations

import click
from flask import Blueprint
from sqlalchemy import func, insert, select

from .extensions import db
from .models import Order, Product, User, now

PRODUCTS, ORDERS = 200, 20_000

bp = Blueprint("filling", __name__, cli_group=None)


@bp.cli.command("fill")
def fill():
    """Add a user, 200 products and 20,000 orders, to measure with."""
    if db.session.scalar(select(func.count()).select_from(User)):
        raise click.ClickException("There are users already; this is for an empty database.")
    user = User(email="fill@example.com", password_hash="nobody can log in with this")
    db.session.add(user)
    db.session.flush()
    products = [
        {"name": f"Thing {number}", "price": 100 + number, "stock": 10, "seller_id": user.id}
        for number in range(PRODUCTS)
    ]
    db.session.execute(insert(Product), products)
    numbers = db.session.scalars(select(Product.id)).all()
    orders = [
        {
            "buyer_id": user.id,
            "product_id": numbers[number * number % PRODUCTS],
            "quantity": 1 + number % 5,
            "cost": 100,
            "placed_at": now(),
        }
        for number in range(ORDERS)
    ]
    db.session.execute(insert(Order), orders)
    db.session.commit()
    click.echo(f"Added {PRODUCTS} products and {ORDERS:,} orders.")
